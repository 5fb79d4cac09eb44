mail-hello = مرحبًا { $name }،
mail-hello-stranger = مرحبًا،
mail-sender = أرسلتها { $service } ({ $host }).
mail-when = الوقت
mail-address = من العنوان
mail-browser = بواسطة
mail-not-you = إذا كنت أنت من فعل هذا فلا حاجة إلى أي إجراء. وإلا فغيّر كلمة مرورك فورًا وأنهِ كل ما لا تعرفه.
mail-look = عرض حسابك
mail-factor-totp = تطبيق مصادقة
mail-factor-recovery-codes = رموز الاسترداد
mail-factor-passkey = مفتاح المرور «{ $name }»
mail-factor-upstream = حساب لدى { $name }
mail-password-changed-subject = تم تغيير كلمة مرورك في { $service }
mail-password-changed = تم تغيير كلمة مرور حسابك، وسُجّل الخروج من كل الأجهزة السابقة.
mail-factor-added-subject = طريقة جديدة لتسجيل الدخول إلى { $service }
mail-factor-added = أُضيف إلى حسابك: { $factor }.
mail-factor-removed-subject = أُزيلت طريقة لتسجيل الدخول إلى { $service }
mail-factor-removed = أُزيل من حسابك: { $factor }.
mail-recovery-code-used-subject = استُخدم رمز استرداد في { $service }
mail-recovery-code-used = سجّل أحدهم الدخول إلى حسابك برمز استرداد. { $left ->
    [0] لم يبق أي رمز: أنشئ رموزًا جديدة.
    [one] بقي رمز واحد: أنشئ رموزًا جديدة.
    [two] بقي رمزان.
    [few] بقيت { $left } رموز.
    [many] بقي { $left } رمزًا.
   *[other] بقي { $left } رمز.
  }
mail-new-sign-in-subject = تسجيل دخول جديد إلى { $service }
mail-new-sign-in = سُجّل الدخول إلى حسابك من متصفح لم يُستخدم من قبل.
mail-api-key-made-subject = مفتاح API جديد في { $service }
mail-api-key-made = أُنشئ لحسابك مفتاح API باسم «{ $name }».
mail-email-changed-subject = تم تغيير البريد الإلكتروني لحسابك في { $service }
mail-email-changed = يستخدم حسابك من الآن العنوان { $email }. هذه آخر رسالة إلى العنوان القديم.
mail-account-deleted-subject = تم حذف حسابك في { $service }
mail-account-deleted = تم حذف حسابك وكل ما يتعلق به. ويبقى سجلّ الأحداث الأمنية لدى المشغّل حتى تنتهي مدته.
mail-account-deleted-note = إذا لم تكن أنت من فعل هذا فأخبر القائمين على هذه الخدمة.
