package maintenance

// Page is what people see, instead of noren's own page. It is a file of the
// function's archive, so that it is the same in every mode. The zero value is
// noren's page.
type Page struct {
	// HTML is a whole page in UTF-8, with placeholders:
	//
	//	{{message}}  {{title}}  {{reload}}       texts in the visitor's language
	//	{{until}}  {{datetime}}                  the expected end, for people and RFC 3339; may be empty
	//	{{lang}}  {{dir}}                        of the texts
	//	{{retryAfter}}                           seconds
	//	{{heading}}  {{end}}  {{action}}         elements of noren's page: h1; dl with the end; the last line
	//	{{refresh}}                              what loads the page again where no script runs
	//
	// All texts are escaped. It has what it needs within itself: inline styles and
	// scripts, and pictures as data: URLs. noren adds the script by which it gives
	// way to the application. Default: noren's page.
	HTML []byte

	// Logo is a picture, SVG, PNG, JPEG, GIF or WebP, instead of the curtain
	// of noren's page. Default: the curtain.
	Logo []byte

	// Background, Text and Accent are colours of noren's page in both colour
	// schemes, as #RRGGBB. Default: noren's, those of the scheme.
	Background, Text, Accent string
}

// IsZero reports whether it is noren's page.
func (p Page) IsZero() bool {
	return len(p.HTML) == 0 && len(p.Logo) == 0 && p.Background == "" && p.Text == "" && p.Accent == ""
}
