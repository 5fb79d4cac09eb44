api-keys-title = API keys
api-keys-lead = For programs of yours that act in your name. Whoever has a key can do what it allows.
api-keys-none = You have no API key.
api-key-new = Make a key
api-key-new-lead = Give it no more than the program needs. You can end it at any time.
api-key-name = Name
api-key-name-help = What it is for, so that you know it again.
api-key-name-bad = Give the key a name of one line, with 100 characters at most.
api-key-scopes = The key may
api-key-scope-none = Choose at least one thing that the key may do.
api-key-ends = Valid until
api-key-days = { $days ->
    [one] For one day
   *[other] For { $days } days
  }
api-key-days-bad = Choose how long the key shall be valid.
api-key-too-many = You have { $limit } keys already. End one that you no longer need first.
api-key-make = Make the key
api-key-made-title = Your new key
api-key-made-lead = Copy it now and keep it in a safe place: it is not shown again.
api-key-made-ends = Valid until { $day }.
api-key-made-done = I have copied it
api-key-prefix = Begins with
api-key-made = Made
api-key-used = Last used
api-key-unused = Never
api-key-ended = No longer valid
api-key-revoke = End this key
api-keys-end-too = { $count ->
    [one] End my API key too
   *[other] End my { $count } API keys too
  }
done-api-key-revoked = The key has ended. What still uses it is refused from now on.
done-api-key-before = That form has made its key already. If you have not copied it, end it and make another.
