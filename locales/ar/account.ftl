account-title = حسابك
account-lead = ما نعرفه عنك، ومن لديه إمكانية الوصول.
account-skip = تخطَّ إلى المحتوى
account-link = حسابك
account-overview = نظرة عامة
account-name = الاسم
account-username = اسم المستخدم
account-email = البريد الإلكتروني
account-email-verified = مؤكَّد
account-email-unverified = غير مؤكَّد
password-weak-breached = كلمة المرور هذه موجودة في قوائم كلمات مرور مسرّبة تُجرَّب أولًا. اختر غيرها، وغيّرها حيثما تستخدمها.
password-weak-common = كثيرون يستخدمون كلمة المرور هذه أو ما يشبهها، ولذلك تُجرَّب أولًا. اختر بضع كلمات لا صلة بينها.
password-weak-name = الأسماء سهلة التخمين، واسمك قبل غيره. اختر بضع كلمات لا صلة بينها.
password-weak-word = الكلمة الواحدة سهلة التخمين. أضف إليها كلمات أخرى لا صلة لها بها.
password-weak-pattern = صفوف المفاتيح والتكرار والتسلسل سهلة التخمين. اختر بضع كلمات لا صلة بينها.
password-weak-date = التواريخ والسنوات سهلة التخمين. اختر بضع كلمات لا صلة بينها.
password-weak-short = كلمة المرور هذه سهلة التخمين. اجعلها أطول: بضع كلمات أفضل من كلمة واحدة معقدة.
account-profile = الملف الشخصي
account-password = كلمة المرور
account-sessions = الأجهزة
account-apps = التطبيقات
account-activity = النشاط
account-data = بياناتك
account-save = حفظ
time-now = الآن
time-minutes = { $count ->
    [one] منذ دقيقة واحدة
    [two] منذ دقيقتين
    [few] منذ { $count } دقائق
   *[other] منذ { $count } دقيقة
  }
time-hours = { $count ->
    [one] منذ ساعة واحدة
    [two] منذ ساعتين
    [few] منذ { $count } ساعات
   *[other] منذ { $count } ساعة
  }
time-days = { $count ->
    [one] أمس
    [two] منذ يومين
    [few] منذ { $count } أيام
   *[other] منذ { $count } يومًا
  }
device-name = { $browser } على { $system }
done-profile = حُفظ ملفك الشخصي.
done-password = وُضعت كلمة مرورك الجديدة، وسُجّل خروجك من كل مكان آخر.
done-again = تم التأكيد. اختر الآن من جديد ما تريد فعله.
done-session-ended = سُجّل خروج ذلك الجهاز.
done-others-ended = سُجّل خروج جميع الأجهزة الأخرى.
done-app-revoked = لم يعد للتطبيق وصول إلى حسابك.
profile-lead = ترى التطبيقات هذا عندما تسمح لها. اترك فارغًا ما لا تريد قوله.
profile-given-name = الاسم الأول
profile-family-name = اسم العائلة
profile-language = اللغة
profile-language-none = كما يقول متصفحي
profile-language-help = تستخدمها هذه الصفحات إن كانت تعرفها.
profile-zone = المنطقة الزمنية
profile-zone-help = مثل { "\u2068" }Europe/Stockholm{ "\u2069" }.
profile-picture = عنوان صورة
profile-picture-help = صورة لك على الويب، تبدأ بـ { "\u2068" }https://{ "\u2069" }.
profile-name-bad = لا يزيد الاسم على 200 حرف، دون أسطر جديدة.
profile-language-bad = هذه ليست لغة يمكن اختيارها.
profile-zone-bad = تُكتب المنطقة الزمنية مثل { "\u2068" }Europe/Stockholm{ "\u2069" }.
profile-picture-bad = يبدأ عنوان الصورة بـ { "\u2068" }https://{ "\u2069" } ولا يزيد على 1000 حرف.
profile-changed = تغيّر حسابك في مكان آخر في هذه الأثناء. انظر إلى هذه الصفحة من جديد وأعد ما تريد تغييره.
password-lead = كلمة المرور الجديدة تسجّل خروجك من كل مكان آخر.
password-current = كلمة المرور الحالية
password-current-wrong = هذه ليست كلمة مرورك الحالية.
password-save = وضع كلمة مرور جديدة
sessions-lead = المتصفحات التي سجّلت الدخول فيها. سجّل خروج ما لا تعرفه منها، ثم غيّر كلمة مرورك.
sessions-this = هذا
sessions-last = آخر استخدام:
sessions-first = تسجيل الدخول:
sessions-apps = سجّل الدخول إلى:
sessions-idle = لم يُستخدم منذ مدة طويلة، ويلزم تسجيل الدخول فيه من جديد. وقد يبقى للتطبيقات التي سُجّل الدخول إليها منه حقّ الوصول.
sessions-end-one = تسجيل خروج { $device }
sessions-others-title = جميع الأجهزة الأخرى
sessions-others-text = يسجّل خروجك من كل مكان إلا هنا.
sessions-others = تسجيل خروج الأجهزة الأخرى
sessions-everywhere-title = تسجيل الخروج من كل مكان
sessions-everywhere-text = يسجّل خروجك هنا وفي كل مكان آخر، ويسحب الوصول من التطبيقات التي تحتفظ به في غيابك. استخدمه إذا بدا شيء غير صحيح.
sessions-everywhere = تسجيل الخروج من كل مكان
apps-lead = التطبيقات التي سجّلت الدخول إليها بهذا الحساب. سحب الوصول ينهيه فورًا، ويمكن للتطبيق أن يطلبه منك من جديد.
apps-none = لا وصول لأي تطبيق إلى حسابك.
apps-last = آخر استخدام:
apps-first = منذ:
apps-revoke = سحب الوصول
apps-revoke-one = سحب الوصول من { $app }
activity-lead = ما حدث لحسابك. إذا لم تكن أنت من فعل شيئًا منه، فغيّر كلمة مرورك.
activity-none = لم يحدث شيء بعد.
activity-look = هل كنت أنت؟
activity-older = الأقدم
activity-latest = الأحدث
event-login-succeeded = سجّلت الدخول
event-login-renewed = أكّدت أنك أنت
event-login-failed = حاول أحدهم تسجيل الدخول بكلمة مرور خاطئة
event-logout = سجّلت الخروج
event-session-ended = سُجّل خروج جهاز
event-signed-out-everywhere = سجّلت الخروج من كل مكان
event-password-changed = تغيّرت كلمة مرورك
event-password-set = وضع المشغّل كلمة مرور جديدة لك
event-user-disabled = عطّل المشغّل حسابك
event-user-enabled = أعاد المشغّل تفعيل حسابك
event-user-signed-out = سجّل المشغّل خروجك من كل مكان
event-profile-changed = تغيّر ملفك الشخصي
event-data-exported = أخذت نسخة من بياناتك
event-setup-link-used = أُعدّ حسابك برابط من المشغّل
event-consent-given = سمحت لـ { $app } بالوصول
event-consent-refused = لم تسمح لـ { $app } بالوصول
event-consent-revoked = سحبت الوصول من { $app }
event-refresh-reuse = استخدم { $app } مفتاحًا قديمًا لحسابك. ربما نُسخ، ولذلك أُنهي الوصول
event-refresh-token-of-other-client = حاول تطبيق استخدام مفتاح لحسابك صُنع لـ { $app }
event-refresh-token-revoked = أعاد { $app } إمكانية وصوله
event-code-replay = استخدم { $app } تسجيل دخول مرتين، ولذلك أُنهي الوصول
event-account-deleted = حُذف حسابك
event-api-key-created = أُنشئ مفتاح API
event-api-key-revoked = أُنهي مفتاح API
event-factors-reset = أزال المشغّل خطواتك الثانية
event-passkey-added = أُضيف مفتاح مرور
event-passkey-removed = أُزيل مفتاح مرور
event-passkey-used = استخدمت مفتاح مرور
event-passkey-counter-regress = يبدو أن مفتاح مرور قد نُسخ، ولذلك رُفض
event-recovery-code-used = استُخدم رمز استرداد
event-recovery-codes-made = أُنشئت رموز استرداد جديدة
event-totp-added = أُضيف تطبيق مصادقة
event-totp-removed = أُزيل تطبيق المصادقة
event-login-failed-otp = كتب أحدهم رمزًا خاطئًا للخطوة الثانية
event-login-failed-recovery-code = كتب أحدهم رمز استرداد خاطئًا
event-login-failed-passkey = رُفض تسجيل دخول بمفتاح مرور
event-password-reset = وُضعت كلمة مرور جديدة برابط أو رمز مرسل بالبريد
event-reset-code-failed = كتب أحدهم رمزًا خاطئًا لكلمة مرور جديدة
event-upstream-connected = رُبط حساب في خدمة أخرى
event-upstream-disconnected = أُلغي ربط حساب في خدمة أخرى
event-upstream-logout = سُجّل خروجك لأنك سجّلت الخروج من خدمة أخرى
event-device-connected = سمحت لـ { $app } بتسجيل الدخول على جهاز
event-device-refused = لم تسمح لـ { $app } بتسجيل الدخول على جهاز
event-logout-notice-given-up = تعذّر إبلاغ { $app } بأنك سجّلت الخروج
data-lead = ما يُحفظ عنك ملك لك.
data-export-title = نسخة من بياناتك
data-export-text = ملف فيه ملفك الشخصي وأجهزتك وتطبيقاتك ونشاطك، يمكن للبرامج قراءته (JSON). احفظه في مكان آمن.
data-export = تنزيل
data-delete-text = يزيلك من هذه الخدمة نهائيًا. لن تستطيع الدخول إلى التطبيقات بهذا الحساب.
data-delete = حذف الحساب…
delete-title = حذف حسابك
delete-lead = لا يمكن التراجع عن هذا. يُسجَّل خروجك من كل مكان، وتفقد جميع التطبيقات الوصول، ويُزال كل ما في ملفك الشخصي. يبقى سجل أحداث الأمان لدى المشغّل حتى تنتهي مدته.
delete-type = للمتابعة اكتب اسم المستخدم الخاص بك: { $name }
delete-wrong = هذا ليس اسم المستخدم الخاص بك.
delete-keep = الاحتفاظ بحسابي
delete-button = حذف نهائي
deleted-title = حُذف حسابك
deleted = سُجّل خروجك من كل مكان. يمكنك إغلاق هذه الصفحة.
