//go:build browser

package fieldreports_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAxe_FindsNothing checks that axe-core finds no fault in any view of the
// site, in every mode, in languages of either direction, on a desktop and on a
// phone. It is in test/axe; make browser installs it.
func TestAxe_FindsNothing(t *testing.T) {
	axe, err := os.ReadFile("../../test/axe/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("%v: make browser installs it", err)
	}
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"screen", 1280, 900}, {"phone", 390, 844}} {
		for _, language := range []string{"en", "ja", "ar"} {
			t.Run(size.name+" "+language, func(t *testing.T) {
				o, b := openOffice(t), openBrowser(t)
				v := b.visit(o, language, chromedp.EmulateViewport(size.width, size.height))
				judged := 0
				judge := func(view string) {
					t.Helper()
					judged++
					v.see("(" + "() => {" + string(axe) + "})()")
					v.see(`window.axeSaid = "", axe.run(document, {resultTypes: ["violations"]}).then(
						(r) => { window.axeSaid = "done " + r.passes.length + " " + r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ")).join("; "); },
						(error) => { window.axeSaid = "failed " + error; })`)
					v.until(`window.axeSaid !== ""`)
					if said := v.see("window.axeSaid.replace(/^done [1-9][0-9]* /, '')"); said != "" {
						t.Errorf("%s: %s", view, said)
					}
				}
				v.until(loginShown)
				judge("log-in")
				v.enter("manager")
				v.write("Pump 3")
				judge("reports")
				v.see(`location.hash = "#templates"`)
				v.until(`document.querySelector("#reports").hidden && !document.querySelector("#templates").hidden`)
				judge("templates")
				o.flip("closed")
				v.see(`location.hash = "#reports"`)
				v.until(`!document.querySelector("#reports").hidden`)
				v.write("Pump 4")
				v.until(closedShown)
				judge("closed")
				o.flip("read-only")
				v.write("Pump 5")
				judge("read-only")
				if judged != 5 {
					t.Errorf("%d views judged", judged)
				}
			})
		}
	}
}

// TestAxe_IsAwake checks that axe-core finds faults that were put in.
func TestAxe_IsAwake(t *testing.T) {
	axe, err := os.ReadFile("../../test/axe/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "en")
	v.see(`document.documentElement.removeAttribute("lang"), document.body.append(document.createElement("button"))`)
	v.see("(() => {" + string(axe) + "})()")
	v.see(`window.axeSaid = "", axe.run().then((r) => { window.axeSaid = r.violations.map((v) => v.id).join(); })`)
	v.until(`window.axeSaid.includes("button-name") && window.axeSaid.includes("html-has-lang")`)
}
