package alb

import "testing"

// An unknown header does not matter to a rule whose path does not match in any
// reading.
func TestWhatSeemsNotToHoldSettlesARule(t *testing.T) {
	rule := Rule{Priority: 1, Conditions: []Condition{PathPatterns{"/api/reports"}, Header{"X-Client", []string{"ios"}}}}
	for target, want := range map[string]Outcome{
		"/api/reports":      {Unlikely, UnknownHeader},
		"/api/me":           {},
		"/api/caf%C3%A9":    {Unlikely, PathEscapes},
		"/api%2Freports":    {Unlikely, PathEscapes | PathReadings | UnknownHeader},
		"/a/../api/reports": {Unlikely, PathDots | PathReadings | UnknownHeader},
	} {
		if got := rule.Match(&Request{Target: target, HeadersUnknown: true}); got != want {
			t.Errorf("%s: got %v, want %v", target, got, want)
		}
	}
}
