package responder

import (
	"golang.org/x/text/language"

	"github.com/noren-cdk/noren/maintenance"
)

// Words are the texts of the page other than the message.
type Words = maintenance.Words

// vocabulary holds the words of every language, English first, and the default
// message.
var vocabulary = []struct {
	tag     string
	words   Words
	message string
}{
	{"en", say("Under maintenance", "Expected back", "This page will reload automatically.", "Go back"),
		"We are down for maintenance. Please try again later."},
	{"ar", say("الخدمة قيد الصيانة", "موعد العودة المتوقع", "سيُعاد تحميل هذه الصفحة تلقائيًا.", "رجوع"),
		"الخدمة غير متاحة مؤقتًا بسبب أعمال الصيانة. نعتذر عن الإزعاج. يُرجى المحاولة مرة أخرى لاحقًا."},
	{"da", say("Under vedligeholdelse", "Forventes tilgængelig igen", "Denne side genindlæses automatisk.", "Gå tilbage"),
		"Tjenesten er midlertidigt utilgængelig på grund af vedligeholdelse. Prøv igen senere."},
	{"de", say("Wartungsarbeiten", "Voraussichtlich wieder verfügbar", "Diese Seite wird automatisch neu geladen.", "Zurück"),
		"Wegen Wartungsarbeiten steht der Dienst derzeit nicht zur Verfügung. Bitte versuchen Sie es später erneut."},
	{"es", say("En mantenimiento", "Restablecimiento previsto", "Esta página se recargará automáticamente.", "Volver"),
		"El servicio no está disponible temporalmente por tareas de mantenimiento. Vuelva a intentarlo más tarde."},
	{"es-MX", say("En mantenimiento", "Restablecimiento previsto", "Esta página se recargará automáticamente.", "Regresar"),
		"El servicio no está disponible temporalmente por mantenimiento. Intente de nuevo más tarde."},
	{"fi", say("Huoltokatko", "Arvioitu päättymisaika", "Tämä sivu päivittyy automaattisesti.", "Takaisin"),
		"Palvelu on tilapäisesti poissa käytöstä huollon vuoksi. Yritä myöhemmin uudelleen."},
	{"fr", say("Maintenance en cours", "Reprise prévue", "Cette page se rechargera automatiquement.", "Retour"),
		"Le service est momentanément indisponible pour cause de maintenance. Veuillez réessayer plus tard."},
	{"he", say("השירות בתחזוקה", "מועד החזרה הצפוי", "הדף ייטען מחדש באופן אוטומטי.", "חזרה"),
		"השירות אינו זמין זמנית בשל עבודות תחזוקה. אנו מתנצלים על אי הנוחות. נא לנסות שוב מאוחר יותר."},
	{"id", say("Sedang dalam pemeliharaan", "Perkiraan selesai", "Halaman ini akan dimuat ulang secara otomatis.", "Kembali"),
		"Layanan untuk sementara tidak tersedia karena pemeliharaan. Silakan coba lagi nanti."},
	{"it", say("Manutenzione in corso", "Ripristino previsto", "Questa pagina si ricaricherà automaticamente.", "Indietro"),
		"Il servizio è temporaneamente non disponibile per manutenzione. La preghiamo di riprovare più tardi."},
	{"ja", say("メンテナンス中", "終了予定日時", "メンテナンスが終了すると、このページは自動的に再読み込みされます。", "前のページに戻る"),
		"ただいまシステムメンテナンスのため、サービスをご利用いただけません。ご不便をおかけいたしますが、しばらく時間をおいてから再度お試しください。"},
	{"ko", say("서비스 점검 중", "종료 예정", "점검이 끝나면 이 페이지가 자동으로 새로고침됩니다.", "이전 페이지로 돌아가기"),
		"현재 서비스 점검 중으로 이용하실 수 없습니다. 이용에 불편을 드려 죄송합니다. 잠시 후 다시 시도해 주시기 바랍니다."},
	{"nb", say("Under vedlikehold", "Forventes tilgjengelig igjen", "Denne siden lastes inn på nytt automatisk.", "Gå tilbake"),
		"Tjenesten er midlertidig utilgjengelig på grunn av vedlikehold. Prøv igjen senere."},
	{"nl", say("Onderhoud", "Verwacht weer beschikbaar", "Deze pagina wordt automatisch opnieuw geladen.", "Terug"),
		"Wegens onderhoud is de dienst tijdelijk niet beschikbaar. Probeer het later opnieuw."},
	{"pl", say("Prace konserwacyjne", "Przewidywane wznowienie", "Ta strona odświeży się automatycznie.", "Wróć"),
		"Usługa jest chwilowo niedostępna z powodu prac konserwacyjnych. Prosimy spróbować ponownie później."},
	{"pt", say("Em manutenção", "Previsão de retorno", "Esta página será recarregada automaticamente.", "Voltar"),
		"O serviço está temporariamente indisponível para manutenção. Tente novamente mais tarde."},
	{"ru", say("Технические работы", "Ожидаемое время окончания", "Эта страница обновится автоматически.", "Назад"),
		"Сервис временно недоступен: проводятся технические работы. Приносим извинения за неудобства. Пожалуйста, повторите попытку позже."},
	{"sv", say("Underhåll pågår", "Beräknas vara tillgänglig igen", "Den här sidan laddas om automatiskt.", "Gå tillbaka"),
		"Tjänsten är tillfälligt otillgänglig på grund av underhåll. Försök igen senare."},
	{"th", say("ปิดปรับปรุงระบบ", "คาดว่าจะเปิดให้บริการอีกครั้ง", "หน้านี้จะโหลดใหม่โดยอัตโนมัติ", "ย้อนกลับ"),
		"ขณะนี้ระบบอยู่ระหว่างการปรับปรุง จึงไม่สามารถให้บริการได้ชั่วคราว ขออภัยในความไม่สะดวก กรุณาลองใหม่อีกครั้งในภายหลัง"},
	{"tr", say("Bakım çalışması", "Tahmini bitiş", "Bu sayfa otomatik olarak yeniden yüklenecek.", "Geri dön"),
		"Bakım çalışması nedeniyle hizmetimiz geçici olarak kullanılamıyor. Lütfen daha sonra tekrar deneyin."},
	{"vi", say("Đang bảo trì", "Dự kiến hoạt động trở lại", "Trang này sẽ tự động tải lại.", "Quay lại"),
		"Dịch vụ tạm thời không khả dụng do bảo trì. Vui lòng thử lại sau."},
	{"zh-Hans", say("系统维护中", "预计恢复时间", "恢复后，本页面将自动刷新。", "返回上一页"),
		"我们正在进行维护，暂时无法提供服务。请稍后再试。给您带来不便，敬请谅解。"},
	{"zh-Hant", say("系統維護中", "預計恢復時間", "恢復後，本頁面將自動重新整理。", "返回上一頁"),
		"我們正在進行維護，暫時無法提供服務。請稍後再試。造成不便，敬請見諒。"},
}

// defaultMessage returns the messages that are used when the application has
// none.
func defaultMessage() map[string]string {
	message := make(map[string]string, len(vocabulary))
	for _, entry := range vocabulary {
		message[entry.tag] = entry.message
	}
	return message
}

// HasWords reports whether the page has its own words for a message in the
// language of a tag.
func HasWords(tag string) bool {
	return wordsFor(language.Make(tag)) != Words{}
}

// wordsFor returns the words for a message in the language of tag, or none if
// that language has no words: a message never appears under a title in another
// language.
func wordsFor(tag language.Tag) Words {
	var candidates []int
	var tags []language.Tag
	for i, entry := range vocabulary {
		if have := language.Make(entry.tag); sameLanguage(tag, have) {
			candidates, tags = append(candidates, i), append(tags, have)
		}
	}
	if len(tags) == 0 {
		return Words{}
	}
	_, i, confidence := language.NewMatcher(tags).Match(tag)
	if confidence < language.High {
		return Words{}
	}
	return vocabulary[candidates[i]].words
}

// sameLanguage reports whether two tags mean the same written language: nn and no
// are both read as nb.
func sameLanguage(a, b language.Tag) bool { return written(a) == written(b) }

// written returns the written language of a tag. Of several related ones, it
// returns the one that is read.
func written(tag language.Tag) string {
	base, _ := tag.Base()
	switch name := base.String(); name {
	case "no", "nn":
		return "nb"
	case "yue", "cmn", "wuu", "nan", "hak":
		return "zh"
	default:
		return name
	}
}

func say(title, until, reload, back string) Words {
	return Words{Title: title, Until: until, Reload: reload, Back: back}
}
