mail-hello = Hello { $name },
mail-hello-stranger = Hello,
mail-sender = Sent by { $service } ({ $host }).
mail-when = When
mail-address = From address
mail-browser = With
mail-not-you = If this was you, there is nothing to do. If not, set a new password at once and end what you do not know.
mail-look = Look at your account
mail-factor-totp = an authenticator app
mail-factor-recovery-codes = recovery codes
mail-factor-passkey = the passkey “{ $name }”
mail-factor-upstream = an account at { $name }
mail-password-changed-subject = Your password for { $service } was changed
mail-password-changed = The password of your account was changed. Everything that was signed in before has been signed out.
mail-factor-added-subject = New way to sign in to { $service }
mail-factor-added = This was added to your account: { $factor }.
mail-factor-removed-subject = A way to sign in to { $service } was removed
mail-factor-removed = This was removed from your account: { $factor }.
mail-recovery-code-used-subject = A recovery code for { $service } was used
mail-recovery-code-used = Somebody signed in to your account with a recovery code. { $left ->
    [0] None is left: make new ones.
    [one] One is left: make new ones.
   *[other] { $left } are left.
  }
mail-new-sign-in-subject = New sign-in to { $service }
mail-new-sign-in = Your account was signed in to from a browser that was not seen before.
mail-api-key-made-subject = New API key for { $service }
mail-api-key-made = An API key named “{ $name }” was made for your account.
mail-email-changed-subject = The e-mail address of your account at { $service } was changed
mail-email-changed = From now on your account uses the address { $email }. This is the last mail to the old one.
mail-account-deleted-subject = Your account at { $service } was deleted
mail-account-deleted = Your account and everything that belonged to it have been deleted. A record of security events stays with the operator until it expires.
mail-account-deleted-note = If this was not you, tell the people who run this service.
