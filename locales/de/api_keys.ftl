api-keys-title = API-Schlüssel
api-keys-lead = Für Ihre eigenen Programme, die in Ihrem Namen handeln. Wer einen Schlüssel hat, kann tun, was er erlaubt.
api-keys-none = Sie haben keinen API-Schlüssel.
api-key-new = Schlüssel erstellen
api-key-new-lead = Geben Sie ihm nicht mehr Rechte, als das Programm braucht. Sie können ihn jederzeit beenden.
api-key-name = Name
api-key-name-help = Wofür er ist, damit Sie ihn wiedererkennen.
api-key-name-bad = Geben Sie dem Schlüssel einen einzeiligen Namen mit höchstens 100 Zeichen.
api-key-scopes = Der Schlüssel darf
api-key-scope-none = Wählen Sie mindestens eines aus, das der Schlüssel darf.
api-key-ends = Gültig bis
api-key-days = { $days ->
    [one] Einen Tag lang
   *[other] { $days } Tage lang
  }
api-key-days-bad = Wählen Sie, wie lange der Schlüssel gelten soll.
api-key-too-many = Sie haben bereits { $limit } Schlüssel. Beenden Sie zuerst einen, den Sie nicht mehr brauchen.
api-key-make = Schlüssel erstellen
api-key-made-title = Ihr neuer Schlüssel
api-key-made-lead = Kopieren Sie ihn jetzt, und bewahren Sie ihn sicher auf: Er wird nicht noch einmal angezeigt.
api-key-made-ends = Gültig bis { $day }.
api-key-made-done = Ich habe ihn kopiert
api-key-prefix = Beginnt mit
api-key-made = Erstellt
api-key-used = Zuletzt verwendet
api-key-unused = Noch nie
api-key-ended = Nicht mehr gültig
api-key-revoke = Diesen Schlüssel beenden
api-keys-end-too = { $count ->
    [one] Auch meinen API-Schlüssel beenden
   *[other] Auch meine { $count } API-Schlüssel beenden
  }
done-api-key-revoked = Der Schlüssel ist beendet. Was ihn noch verwendet, wird ab jetzt abgewiesen.
done-api-key-before = Mit diesem Formular wurde schon ein Schlüssel erstellt. Wenn Sie ihn nicht kopiert haben, beenden Sie ihn, und erstellen Sie einen neuen.
