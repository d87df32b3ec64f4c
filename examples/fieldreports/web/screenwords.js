// The texts of the maintenance screen, by language. The screen is in the language
// of its message, whatever the site's language is. closed and "read-only" are its
// titles, by mode.
export default {
  ar: { closed: "الخدمة تحت الصيانة", "read-only": "للقراءة فقط", since: "منذ", until: "العودة المتوقعة", next: "المحاولة التالية", tryNow: "المحاولة الآن" },
  da: { closed: "Lukket for vedligeholdelse", "read-only": "Skrivebeskyttet", since: "Siden", until: "Forventes tilgængelig igen", next: "Næste forsøg", tryNow: "Prøv nu" },
  de: { closed: "Wartungsarbeiten", "read-only": "Nur Lesezugriff", since: "Seit", until: "Voraussichtlich wieder verfügbar", next: "Nächster Versuch", tryNow: "Jetzt versuchen" },
  en: { closed: "Down for maintenance", "read-only": "Read-only", since: "Since", until: "Expected end", next: "Next attempt", tryNow: "Try now" },
  es: { closed: "Servicio en mantenimiento", "read-only": "Solo lectura", since: "Desde", until: "Restablecimiento previsto", next: "Próximo intento", tryNow: "Intentar ahora" },
  fi: { closed: "Huoltokatko", "read-only": "Vain luku", since: "Alkoi", until: "Arvioitu päättymisaika", next: "Seuraava yritys", tryNow: "Yritä nyt" },
  fr: { closed: "Service en maintenance", "read-only": "Lecture seule", since: "Depuis", until: "Reprise prévue", next: "Prochaine tentative", tryNow: "Réessayer maintenant" },
  he: { closed: "השירות בתחזוקה", "read-only": "לקריאה בלבד", since: "החל מ־", until: "סיום צפוי", next: "הניסיון הבא", tryNow: "לנסות עכשיו" },
  id: { closed: "Sedang dalam pemeliharaan", "read-only": "Hanya baca", since: "Sejak", until: "Perkiraan selesai", next: "Percobaan berikutnya", tryNow: "Coba sekarang" },
  it: { closed: "Servizio in manutenzione", "read-only": "Sola lettura", since: "Da", until: "Ripristino previsto", next: "Prossimo tentativo", tryNow: "Riprova ora" },
  ja: { closed: "メンテナンス中", "read-only": "閲覧のみ可能", since: "開始日時", until: "終了予定日時", next: "次回の再試行", tryNow: "今すぐ再試行" },
  ko: { closed: "서비스 점검 중", "read-only": "읽기 전용", since: "시작 시각", until: "종료 예정", next: "다음 시도", tryNow: "지금 다시 시도" },
  nb: { closed: "Stengt for vedlikehold", "read-only": "Skrivebeskyttet", since: "Siden", until: "Forventes tilgjengelig igjen", next: "Neste forsøk", tryNow: "Prøv nå" },
  nl: { closed: "Onderhoud", "read-only": "Alleen-lezen", since: "Sinds", until: "Verwacht weer beschikbaar", next: "Volgende poging", tryNow: "Nu proberen" },
  pl: { closed: "Trwają prace konserwacyjne", "read-only": "Tylko do odczytu", since: "Od", until: "Przewidywane zakończenie", next: "Następna próba", tryNow: "Spróbuj teraz" },
  pt: { closed: "Em manutenção", "read-only": "Somente leitura", since: "Desde", until: "Previsão de retorno", next: "Próxima tentativa", tryNow: "Tentar agora" },
  ru: { closed: "Технические работы", "read-only": "Только чтение", since: "Начало", until: "Ожидаемое завершение", next: "Следующая попытка", tryNow: "Повторить сейчас" },
  sv: { closed: "Stängt för underhåll", "read-only": "Skrivskyddat", since: "Sedan", until: "Väntas vara tillgängligt igen", next: "Nästa försök", tryNow: "Försök nu" },
  th: { closed: "ปิดปรับปรุงระบบ", "read-only": "อ่านได้อย่างเดียว", since: "ตั้งแต่", until: "คาดว่าจะเสร็จสิ้น", next: "ลองใหม่ครั้งถัดไป", tryNow: "ลองตอนนี้" },
  tr: { closed: "Bakım çalışması", "read-only": "Salt okunur", since: "Başlangıç", until: "Tahmini bitiş", next: "Sonraki deneme", tryNow: "Şimdi dene" },
  vi: { closed: "Đang bảo trì", "read-only": "Chỉ đọc", since: "Từ", until: "Dự kiến hoạt động trở lại", next: "Lần thử tiếp theo", tryNow: "Thử ngay" },
  "zh-Hans": { closed: "系统维护中", "read-only": "只读", since: "开始时间", until: "预计结束时间", next: "下次尝试", tryNow: "立即重试" },
  "zh-Hant": { closed: "系統維護中", "read-only": "唯讀", since: "開始時間", until: "預計結束時間", next: "下次嘗試", tryNow: "立即重試" },
};
