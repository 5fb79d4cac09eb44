factor-title = الخطوة الثانية
factor-lead = اكتب الرمز الذي يعرضه تطبيق المصادقة لديك.
factor-code = الرمز من التطبيق
factor-verify = متابعة
factor-wrong = هذا الرمز غير صحيح أو استُخدم من قبل. انتظر الرمز التالي ثم حاول مرة أخرى.
factor-as = أنت تسجّل الدخول باسم { $name }.
factor-use-recovery = استخدام رمز استرداد
factor-passkey-lead = أكّد أنك أنت بمفتاح المرور.
factor-passkey-script = يحتاج مفتاح المرور إلى JavaScript. فعّله لهذه الصفحة، أو استخدم رمز استرداد.
factor-use-passkey = استخدام مفتاح المرور
factor-use-app = استخدام تطبيق المصادقة
factor-recovery-lead = اكتب أحد رموز الاسترداد التي احتفظت بها. يعمل كل رمز مرة واحدة.
factor-recovery-code = رمز الاسترداد
factor-recovery-wrong = رمز الاسترداد هذا غير صحيح أو استُخدم من قبل.
two-step-title = تسجيل الدخول بخطوتين
two-step-lead = مع خطوة ثانية لا يدخل أحد بكلمة مرورك وحدها.
two-step-required = ما تسجّل الدخول إليه يتطلب خطوة ثانية. قم بإعدادها ثم تتابع من هناك.
two-step-on = مفعّل
two-step-off = غير مفعّل
two-step-app = تطبيق المصادقة
two-step-app-lead = يعرض تطبيق على هاتفك رمزًا جديدًا كل 30 ثانية، حتى دون شبكة.
two-step-app-since = تم إعداده في { $day }.
two-step-app-used = آخر استخدام في { $day }.
two-step-app-set-up = إعداد
two-step-app-replace = إعداد تطبيق آخر
two-step-app-remove = إزالة
two-step-app-title = إعداد تطبيق مصادقة
two-step-app-scan = امسح هذه الصورة بالتطبيق ثم اكتب الرمز الذي يعرضه.
two-step-app-picture = رمز QR لتطبيق المصادقة
two-step-app-open = الفتح في تطبيق على هذا الجهاز
two-step-app-type = إذا تعذر المسح فاكتب هذا المفتاح في التطبيق:
two-step-app-code = الرمز من التطبيق
two-step-app-confirm = تفعيل
two-step-app-wrong = هذا الرمز غير صحيح. تحقق من ساعة جهازك واكتب الرمز الذي يعرضه التطبيق الآن.
recovery-title = رموز الاسترداد
recovery-lead = تدخل بها عندما لا يكون تطبيقك أو مفتاح مرورك معك. يعمل كل رمز مرة واحدة. لن تُعرض مرة أخرى.
recovery-left = { $count ->
    [0] لم يبق أي رمز استرداد.
    [one] بقي رمز استرداد واحد.
    [two] بقي رمزا استرداد.
    [few] بقيت { $count } رموز استرداد.
   *[other] بقي { $count } رمز استرداد.
  }
recovery-make = إنشاء رموز جديدة
recovery-make-help = لن تعمل الرموز السابقة بعد ذلك.
recovery-keep = اطبع هذه الصفحة أو انسخ الرموز إلى حيث تحفظ كلمات مرورك. لا تحفظها على هاتف التطبيق وحده.
recovery-kept = احتفظت بها
done-totp-added = تم إعداد تطبيق المصادقة.
done-totp-removed = تمت إزالة تطبيق المصادقة.
