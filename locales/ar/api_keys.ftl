api-keys-title = مفاتيح API
api-keys-lead = لبرامجك التي تعمل باسمك. من يملك مفتاحًا يستطيع فعل ما يسمح به.
api-keys-none = ليس لديك أي مفتاح API.
api-key-new = إنشاء مفتاح
api-key-new-lead = لا تمنحه أكثر مما يحتاجه البرنامج. يمكنك إنهاؤه في أي وقت.
api-key-name = الاسم
api-key-name-help = الغرض منه، لتتعرّف عليه لاحقًا.
api-key-name-bad = أعطِ المفتاح اسمًا من سطر واحد لا يتجاوز 100 حرف.
api-key-scopes = يُسمح للمفتاح بـ
api-key-scope-none = اختر شيئًا واحدًا على الأقل يُسمح للمفتاح به.
api-key-ends = صالح حتى
api-key-days = { $days ->
    [one] لمدة يوم واحد
    [two] لمدة يومين
    [few] لمدة { $days } أيام
    [many] لمدة { $days } يومًا
   *[other] لمدة { $days } يوم
  }
api-key-days-bad = اختر مدة صلاحية المفتاح.
api-key-too-many = لديك { $limit } من المفاتيح بالفعل. أنهِ أولًا مفتاحًا لم تعد تحتاجه.
api-key-make = إنشاء المفتاح
api-key-made-title = مفتاحك الجديد
api-key-made-lead = انسخه الآن واحفظه في مكان آمن: لن يُعرض مرة أخرى.
api-key-made-ends = صالح حتى { $day }.
api-key-made-done = لقد نسخته
api-key-prefix = يبدأ بـ
api-key-made = أُنشئ في
api-key-used = آخر استخدام
api-key-unused = لم يُستخدم
api-key-ended = لم يعد صالحًا
api-key-revoke = إنهاء هذا المفتاح
api-keys-end-too = { $count ->
    [one] إنهاء مفتاح API الخاص بي أيضًا
    [two] إنهاء مفتاحَي API الخاصين بي أيضًا
    [few] إنهاء مفاتيح API الـ{ $count } الخاصة بي أيضًا
   *[other] إنهاء مفاتيح API الـ{ $count } الخاصة بي أيضًا
  }
done-api-key-revoked = انتهى المفتاح. كل ما لا يزال يستخدمه سيُرفض من الآن.
done-api-key-before = لقد أنشأ هذا النموذج مفتاحه بالفعل. إن لم تكن قد نسخته فأنهِه وأنشئ غيره.
