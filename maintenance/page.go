package maintenance

// Page replaces noren's own page for people. It is a file in the function's
// archive, so it is the same in every mode. The zero value is noren's page.
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
	// All texts are escaped. The page contains everything that it needs: inline
	// styles and scripts, and pictures as data: URLs. noren adds the script that
	// loads the application when it is back. Default: noren's page.
	HTML []byte

	// Logo is a picture, SVG, PNG, JPEG, GIF or WebP, instead of the curtain
	// of noren's page. Default: the curtain.
	Logo []byte

	// Background, Text and Accent are colours of noren's page, #RRGGBB. They hold
	// in both colour schemes. Default: noren's own, which follow the scheme.
	Background, Text, Accent string
}

// IsZero reports whether p is noren's own page.
func (p Page) IsZero() bool {
	return len(p.HTML) == 0 && len(p.Logo) == 0 && p.Background == "" && p.Text == "" && p.Accent == ""
}
