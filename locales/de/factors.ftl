factor-title = Zweiter Schritt
factor-lead = Geben Sie den Code ein, den Ihre Authenticator-App anzeigt.
factor-code = Code aus der App
factor-verify = Weiter
factor-wrong = Dieser Code stimmt nicht oder wurde schon verwendet. Warten Sie auf den nächsten, und versuchen Sie es noch einmal.
factor-as = Sie melden sich als { $name } an.
factor-use-recovery = Wiederherstellungscode verwenden
factor-passkey-lead = Bestätigen Sie mit Ihrem Passkey, dass Sie es sind.
factor-passkey-script = Ein Passkey braucht JavaScript. Schalten Sie es für diese Seite ein, oder verwenden Sie einen Wiederherstellungscode.
factor-use-passkey = Passkey verwenden
factor-use-app = Authenticator-App verwenden
factor-recovery-lead = Geben Sie einen der Wiederherstellungscodes ein, die Sie aufbewahrt haben. Jeder gilt einmal.
factor-recovery-code = Wiederherstellungscode
factor-recovery-wrong = Dieser Wiederherstellungscode stimmt nicht oder wurde schon verwendet.
two-step-title = Anmeldung in zwei Schritten
two-step-lead = Mit einem zweiten Schritt kommt niemand allein mit Ihrem Passwort hinein.
two-step-required = Wo Sie sich anmelden, wird ein zweiter Schritt verlangt. Richten Sie einen ein, danach geht es von dort weiter.
two-step-on = An
two-step-off = Aus
two-step-app = Authenticator-App
two-step-app-lead = Eine App auf Ihrem Telefon zeigt alle 30 Sekunden einen neuen Code, auch ohne Netz.
two-step-app-since = Eingerichtet am { $day }.
two-step-app-used = Zuletzt verwendet am { $day }.
two-step-app-set-up = Einrichten
two-step-app-replace = Eine andere App einrichten
two-step-app-remove = Entfernen
two-step-app-title = Authenticator-App einrichten
two-step-app-scan = Scannen Sie dieses Bild mit der App, und geben Sie dann den Code ein, den sie anzeigt.
two-step-app-picture = QR-Code für die Authenticator-App
two-step-app-open = In einer App auf diesem Gerät öffnen
two-step-app-type = Wenn Sie ihn nicht scannen können, geben Sie diesen Schlüssel in die App ein:
two-step-app-code = Code aus der App
two-step-app-confirm = Einschalten
two-step-app-wrong = Dieser Code stimmt nicht. Prüfen Sie die Uhr Ihres Geräts, und geben Sie den Code ein, den die App jetzt anzeigt.
recovery-title = Wiederherstellungscodes
recovery-lead = Damit kommen Sie hinein, wenn Sie Ihre App oder Ihren Passkey nicht zur Hand haben. Jeder gilt einmal. Sie werden nur jetzt angezeigt.
recovery-left = { $count ->
    [0] Es ist kein Wiederherstellungscode mehr übrig.
    [one] Es ist noch ein Wiederherstellungscode übrig.
   *[other] Es sind noch { $count } Wiederherstellungscodes übrig.
  }
recovery-make = Neue Codes erstellen
recovery-make-help = Ihre bisherigen Codes gelten dann nicht mehr.
recovery-keep = Drucken Sie diese Seite, oder kopieren Sie die Codes dorthin, wo Ihre Passwörter sind. Bewahren Sie sie nicht nur auf dem Telefon mit der App auf.
recovery-kept = Ich habe sie aufbewahrt
done-totp-added = Die Authenticator-App ist eingerichtet.
done-totp-removed = Die Authenticator-App wurde entfernt.
