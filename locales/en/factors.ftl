factor-title = Second step
factor-lead = Type the code that your authenticator app shows.
factor-code = Code from the app
factor-verify = Continue
factor-wrong = This code is not right, or was used already. Wait for the next one and try again.
factor-as = You are signing in as { $name }.
factor-use-recovery = Use a recovery code
factor-passkey-lead = Confirm that it is you with your passkey.
factor-passkey-script = A passkey needs JavaScript. Turn it on for this page, or use a recovery code.
factor-use-passkey = Use the passkey
factor-use-app = Use the authenticator app
factor-recovery-lead = Type one of the recovery codes that you kept. Each works once.
factor-recovery-code = Recovery code
factor-recovery-wrong = This recovery code is not right, or was used already.
two-step-title = Two-step sign-in
two-step-lead = With a second step nobody gets in with your password alone.
two-step-required = What you are signing in to wants a second step. Set one up, and you go on from there.
two-step-on = On
two-step-off = Off
two-step-app = Authenticator app
two-step-app-lead = An app on your phone shows a new code every 30 seconds, also without a network.
two-step-app-since = Set up on { $day }.
two-step-app-used = Last used on { $day }.
two-step-app-set-up = Set up
two-step-app-replace = Set up another app
two-step-app-remove = Remove
two-step-app-title = Set up an authenticator app
two-step-app-scan = Scan this picture with the app, then type the code that it shows.
two-step-app-picture = QR code for the authenticator app
two-step-app-open = Open in an app on this device
two-step-app-type = If you cannot scan it, type this key into the app:
two-step-app-code = Code from the app
two-step-app-confirm = Turn on
two-step-app-wrong = This code is not right. Check the clock of your device and type the code that the app shows now.
recovery-title = Recovery codes
recovery-lead = They let you in when you do not have your app or passkey. Each works once. They are shown only now.
recovery-left = { $count ->
    [0] No recovery code is left.
    [one] One recovery code is left.
   *[other] { $count } recovery codes are left.
  }
recovery-make = Make new codes
recovery-make-help = The codes you had before no longer work then.
recovery-keep = Print this page, or copy the codes to where your passwords are. Do not keep them on the phone with the app alone.
recovery-kept = I have kept them
done-totp-added = The authenticator app is set up.
done-totp-removed = The authenticator app was removed.
