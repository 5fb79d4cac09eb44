logged-out-told = These applications are told that you have signed out:
