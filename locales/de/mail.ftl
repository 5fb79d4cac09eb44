mail-hello = Guten Tag { $name },
mail-hello-stranger = Guten Tag,
mail-sender = Gesendet von { $service } ({ $host }).
mail-when = Wann
mail-address = Von der Adresse
mail-browser = Mit
mail-not-you = Wenn Sie das waren, brauchen Sie nichts zu tun. Wenn nicht, setzen Sie sofort ein neues Passwort, und beenden Sie, was Sie nicht kennen.
mail-look = Ihr Konto ansehen
mail-factor-totp = eine Authenticator-App
mail-factor-recovery-codes = Wiederherstellungscodes
mail-factor-passkey = der Passkey „{ $name }“
mail-factor-upstream = ein Konto bei { $name }
mail-password-changed-subject = Ihr Passwort für { $service } wurde geändert
mail-password-changed = Das Passwort Ihres Kontos wurde geändert. Alles, was vorher angemeldet war, wurde abgemeldet.
mail-factor-added-subject = Neue Anmeldemöglichkeit für { $service }
mail-factor-added = Ihrem Konto wurde hinzugefügt: { $factor }.
mail-factor-removed-subject = Eine Anmeldemöglichkeit für { $service } wurde entfernt
mail-factor-removed = Aus Ihrem Konto wurde entfernt: { $factor }.
mail-recovery-code-used-subject = Ein Wiederherstellungscode für { $service } wurde verwendet
mail-recovery-code-used = Jemand hat sich mit einem Wiederherstellungscode bei Ihrem Konto angemeldet. { $left ->
    [0] Es ist keiner mehr übrig: Erstellen Sie neue.
    [one] Es ist noch einer übrig: Erstellen Sie neue.
   *[other] Es sind noch { $left } übrig.
  }
mail-new-sign-in-subject = Neue Anmeldung bei { $service }
mail-new-sign-in = Bei Ihrem Konto hat sich ein Browser angemeldet, der vorher nicht verwendet wurde.
mail-api-key-made-subject = Neuer API-Schlüssel für { $service }
mail-api-key-made = Für Ihr Konto wurde ein API-Schlüssel namens „{ $name }“ erstellt.
mail-email-changed-subject = Die E-Mail-Adresse Ihres Kontos bei { $service } wurde geändert
mail-email-changed = Ab jetzt verwendet Ihr Konto die Adresse { $email }. Dies ist die letzte Nachricht an die bisherige.
mail-account-deleted-subject = Ihr Konto bei { $service } wurde gelöscht
mail-account-deleted = Ihr Konto und alles, was dazugehörte, wurde gelöscht. Ein Protokoll der Sicherheitsereignisse bleibt beim Betreiber, bis es abläuft.
mail-account-deleted-note = Wenn Sie das nicht waren, sagen Sie es den Betreibern dieses Dienstes.
