package responder

import "golang.org/x/text/language"

// words are what a page says besides the message of the application.
type words struct {
	tag     string
	title   string
	until   string // before the expected end
	reload  string
	message string // when the application has none
}

// vocabulary holds the words of every language, English first.
var vocabulary = []words{
	{"en", "Under maintenance", "Expected back", "This page will reload by itself.",
		"We are down for maintenance. Please try again later."},
	{"de", "Wartungsarbeiten", "Voraussichtlich wieder da", "Diese Seite lädt sich von selbst neu.",
		"Wegen Wartungsarbeiten sind wir gerade nicht erreichbar. Bitte versuchen Sie es später noch einmal."},
	{"es", "En mantenimiento", "Vuelta prevista", "Esta página se recargará sola.",
		"El servicio no está disponible por mantenimiento. Vuelva a intentarlo más tarde."},
	{"fr", "Maintenance en cours", "Retour prévu", "Cette page se rechargera d’elle-même.",
		"Le service est momentanément indisponible pour maintenance. Veuillez réessayer plus tard."},
	{"it", "Manutenzione in corso", "Ritorno previsto", "Questa pagina si ricaricherà da sola.",
		"Il servizio non è disponibile per manutenzione. Riprovare più tardi."},
	{"ja", "メンテナンス中", "終了予定", "終了すると、このページは自動的に再読み込みされます。",
		"ただいまメンテナンスのためご利用いただけません。しばらくしてからもう一度お試しください。"},
	{"ko", "점검 중입니다", "종료 예정", "점검이 끝나면 이 페이지가 자동으로 새로고침됩니다.",
		"현재 점검 중이어서 서비스를 이용하실 수 없습니다. 잠시 후 다시 시도해 주세요."},
	{"nl", "Onderhoud", "Verwacht terug", "Deze pagina wordt vanzelf opnieuw geladen.",
		"We zijn wegens onderhoud niet bereikbaar. Probeer het later opnieuw."},
	{"pt", "Em manutenção", "Retorno previsto", "Esta página será recarregada automaticamente.",
		"O serviço está indisponível para manutenção. Tente novamente mais tarde."},
	{"zh-Hans", "系统维护中", "预计恢复时间", "恢复后，本页面将自动刷新。",
		"我们正在进行维护，暂时无法提供服务。请稍后再试。"},
	{"zh-Hant", "系統維護中", "預計恢復時間", "恢復後，本頁面將自動重新整理。",
		"我們正在進行維護，暫時無法提供服務。請稍後再試。"},
}

// defaultMessage is what is said when the application says nothing itself.
func defaultMessage() map[string]string {
	message := make(map[string]string, len(vocabulary))
	for _, w := range vocabulary {
		message[w.tag] = w.message
	}
	return message
}

// wordsFor returns the words that suit a message in the language of tag, English
// if there are none.
func wordsFor(tag language.Tag) words {
	base, _ := tag.Base()
	script, _ := tag.Script()
	for _, w := range vocabulary {
		if w.tag == base.String() || w.tag == base.String()+"-"+script.String() {
			return w
		}
	}
	return vocabulary[0]
}
