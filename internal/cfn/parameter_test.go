package cfn

import (
	"strings"
	"testing"
)

// TestParameters checks that values that CloudFormation would refuse are refused,
// and that what a parent gives a nested stack takes precedence.
func TestParameters(t *testing.T) {
	const template = `{"Parameters": {
		"Mode": {"Type": "String", "AllowedValues": ["off", "on"]},
		"Port": {"Type": "Number", "Default": 80},
		"Names": {"Type": "CommaDelimitedList", "AllowedPattern": "[a-z]+"},
		"Secret": {"Type": "String", "NoEcho": true, "Default": "x"}
	}, "Resources": {"R": {"Type": "T", "Properties": {"Mode": {"Ref": "Mode"}, "Port": {"Ref": "Port"}, "Secret": {"Ref": "Secret"}}}}}`
	for _, test := range []struct {
		name, value, want string // want is the fault, "" for none
	}{
		{"Mode", "on", ""},
		{"Mode", "maybe", `parameter "Mode": "maybe" is not allowed, want off or on`},
		{"Port", "8080", ""},
		{"Port", "http", `parameter "Port": "http" is not a number`},
		{"Names", "a, b", ""},
		{"Names", "a,B", `parameter "Names": "B" does not match [a-z]+`},
	} {
		_, err := Read(strings.NewReader(template), Options{Parameters: map[string]string{test.name: test.value}})
		if got := errorText(err); got != test.want {
			t.Errorf("%s=%s: got %q, want %q", test.name, test.value, got, test.want)
		}
	}
	for _, test := range []struct {
		options Options
		want    map[string]string
	}{
		{Options{}, map[string]string{"Mode": "${Mode}", "Port": "80", "Secret": "<secret Secret>"}},
		{Options{Bound: map[string]string{"Port": "81"}, Parameters: map[string]string{"Port": "82"}}, map[string]string{"Port": "81"}},
		{Options{Bound: map[string]string{"Port": Opaque("app/Port")}}, map[string]string{"Port": "${app/Port}"}},
		{Options{Bound: map[string]string{"Port": Opaque("app/Port")}, Parameters: map[string]string{"Port": "82"}}, map[string]string{"Port": "82"}},
	} {
		resources, err := Resources(strings.NewReader(template), test.options, "T")
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range test.want {
			if got := Display(resources[0].Properties[name].(string)); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
