// Lets people look at the password they type. Without scripts the field stays as it is.
for (const field of document.querySelectorAll("input[data-reveal]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal";
  button.textContent = field.dataset.reveal;
  button.setAttribute("aria-label", `${field.dataset.reveal} ${field.labels[0].textContent}`);
  button.setAttribute("aria-controls", field.id);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
  field.form.addEventListener("submit", () => { field.type = "password"; });
  const row = document.createElement("div");
  row.className = "secret";
  field.replaceWith(row);
  row.append(field, button);
  if (field.autofocus) field.focus();
}
