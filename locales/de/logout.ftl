logged-out-told = Diesen Anwendungen wird mitgeteilt, dass Sie sich abgemeldet haben:
