// Moves the code from the link's fragment into its field, and out of the address bar.
const field = document.getElementById("code");
if (field && location.hash.length > 1) {
  field.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  document.getElementById("username").focus();
}
