username = اسم المستخدم أو البريد الإلكتروني
password = كلمة المرور
password-show = إظهار
new-password = كلمة مرور جديدة
email-optional = البريد الإلكتروني (اختياري)
continue = متابعة
signed-in-as = سجّلت الدخول باسم { $name }.
signed-in-as-admin = سجّلت الدخول باسم { $name }، مدير النظام.
not-you = لست أنت؟
back-to = العودة إلى { $app }
client-policy = سياسة الخصوصية
client-tos = شروط الخدمة
login-title = تسجيل الدخول
login-again = أكّد هويتك للمتابعة.
login-to = للمتابعة إلى { $app }
login-button = تسجيل الدخول
login-remember = أبقني مسجَّل الدخول على هذا الجهاز
login-cancel = إلغاء
login-rejected = اسم المستخدم أو كلمة المرور غير صحيحة. تحقق منهما ثم حاول مرة أخرى.
login-throttled = كثرت المحاولات. حاول مرة أخرى بعد { $seconds ->
    [zero] لحظة
    [one] ثانية واحدة
    [two] ثانيتين
    [few] { $seconds } ثوانٍ
    [many] { $seconds } ثانية
   *[other] { $seconds } ثانية
  }.
login-busy = كثيرون يسجلون الدخول الآن. حاول مرة أخرى بعد ثوانٍ.
login-throttled-minutes = كثرت المحاولات. حاول مرة أخرى بعد { $minutes ->
    [two] دقيقتين
    [few] { $minutes } دقائق
    [many] { $minutes } دقيقة
   *[other] { $minutes } دقيقة
  }.
select-title = اختر حسابًا
select-continue = المتابعة باسم { $name }
select-other = استخدام حساب آخر
consent-title = يريد { $app } استخدام حسابك
consent-asks = إذا سمحت، يستطيع هذا التطبيق:
consent-no-home = لم يذكر هذا التطبيق صفحة رئيسية.
consent-allow = سماح
consent-deny = ليس الآن
consent-fine = لا يعرف { $app } كلمة مرورك أبدًا.
consent-returns = ستعود من هنا إلى { $host }.
consent-returns-app = تطبيق على هذا الجهاز
scope-openid = معرفة أنك أنت
scope-profile = رؤية اسمك وصورتك وبيانات ملفك الأخرى
scope-email = رؤية بريدك الإلكتروني
scope-address = رؤية عنوانك البريدي
scope-phone = رؤية رقم هاتفك
scope-offline-access = الاحتفاظ بالوصول أثناء غيابك
scope-other = استخدام «{ $scope }»
device-title = ربط جهاز
device-lead = اكتب الرمز الذي يعرضه جهازك.
device-code = الرمز
device-wrong = هذا الرمز غير معروف أو انتهت صلاحيته. انظر إلى الرمز الحالي على جهازك.
device-confirm-title = هل تسمح لـ { $app } بتسجيل الدخول على جهاز؟
device-warning = تابع فقط إذا بدأت هذا بنفسك وكان الجهاز أمامك يعرض هذا الرمز.
device-address = مصدر الطلب
device-agent = بواسطة
device-agent-unknown = برنامج غير معروف
device-allowed-title = تم ربط جهازك
device-allowed = يمكنك إغلاق هذه الصفحة والعودة إلى { $app }.
device-denied-title = لم يُربط شيء
device-denied = لم يحصل { $app } على الوصول. يمكنك إغلاق هذه الصفحة.
logout-title = تسجيل الخروج؟
logout-asked = يطلب { $app } تسجيل خروجك.
logout-button = تسجيل الخروج
logout-stay = البقاء مسجَّل الدخول
logged-out-title = سجّلت الخروج
logged-out = انتهت جلستك على هذا المتصفح.
error-title = لم ينجح هذا
error-app = أخطأ التطبيق الذي أرسلك إلى هنا. عد إليه وحاول مرة أخرى، أو أخبر صانعيه.
error-server = حدث خطأ من جانبنا. حاول مرة أخرى بعد لحظة.
error-busy = الخدمة مشغولة جدًا. حاول مرة أخرى بعد لحظة.
error-not-found-title = لا شيء هنا
error-not-found = ربما كُتب العنوان خطأ.
error-csrf-title = حاول مرة أخرى
error-csrf = هذا النموذج قديم أو لم يأت من هذا الموقع. لم يتغير شيء.
error-method = لا يمكن استخدام هذه الصفحة بهذه الطريقة.
error-host-title = هذا عنوان آخر
error-host = هذا الخادم هو { $issuer }. انتقل إليه.
error-developer = تفاصيل للمطورين
error-request-id = الطلب
lost-title = انتهت عملية الدخول هذه
lost = اكتملت من قبل أو استغرقت وقتًا طويلًا. عد إلى التطبيق وابدأ من جديد.
form-post-title = لحظة واحدة
form-post-lead = تتم إعادتك إلى التطبيق.
setup-title = إعداد مدير النظام
setup-lead = اختر كيف ستسجل الدخول لإدارة هذا الخادم.
setup-code = رمز الإعداد
setup-code-help = تجده في نهاية الرابط الذي طبعه «{ "\u2068" }portcullis admin login-link{ "\u2069" }».
setup-username = اسم المستخدم
setup-username-help = اتركه فارغًا إذا كنت تضع كلمة مرور جديدة فقط.
setup-password-help = { $min ->
    [few] { $min } أحرف
    [many] { $min } حرفًا
   *[other] { $min } حرف
  } على الأقل. بضع كلمات أفضل من كلمة واحدة معقدة.
setup-button = حفظ وتسجيل الدخول
setup-dead = استُخدم هذا الرمز من قبل أو انتهت صلاحيته. شغّل «{ "\u2068" }portcullis admin login-link{ "\u2069" }» للحصول على رمز جديد.
setup-exists = يوجد مدير بالفعل. شغّل «{ "\u2068" }portcullis admin login-link{ "\u2069" }» للحصول على رابط يصلح له.
setup-username-bad = يتكون اسم المستخدم من 1 إلى 128 حرفًا أو رقمًا أو . _ - + @ دون مسافات.
setup-email-bad = هذا ليس بريدًا إلكترونيًا.
setup-taken = اسم المستخدم أو البريد الإلكتروني مستخدم من قبل.
setup-password-short = تحتاج كلمة المرور إلى { $min ->
    [few] { $min } أحرف
    [many] { $min } حرفًا
   *[other] { $min } حرف
  } على الأقل.
setup-password-long = كلمة المرور طويلة جدًا.
setup-password-name = لا يجوز أن تكون كلمة المرور اسم المستخدم أو البريد الإلكتروني.
home-title = خدمة تسجيل الدخول
home-lead = يسجل هذا الخادم دخول الناس إلى التطبيقات عبر OpenID Connect و OAuth 2.0.
home-flows = ما يقدمه
home-code = الدخول عبر المتصفح
home-code-text = رمز التفويض مع PKCE لتطبيقات الويب والجوال وسطح المكتب.
home-service = الخدمات
home-service-text = بيانات اعتماد العميل للبرامج التي تتحدث باسمها.
home-device = الأجهزة
home-device-text = منحة الأجهزة للتلفاز وسطر الأوامر.
home-playground = ساحة التجربة: جرّب كل مسار
home-documentation = التوثيق
