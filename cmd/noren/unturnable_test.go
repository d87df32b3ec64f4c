package main

import (
	"strings"
	"testing"
)

// TestCheck_Unturnable checks that what noren close would refuse on the night is
// found earlier, and that templates without a switch get no such warnings.
func TestCheck_Unturnable(t *testing.T) {
	const template = `{
 "Parameters": {"Image": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"}, "BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>"}},
 "Resources": {
  "Server": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": {"Ref": "Image"}, "UserData": "{{resolve:ssm:/data}} für"}},
  "Responder": {"Type": "AWS::Lambda::Function", "Metadata": {"noren:switch": "{}"}}
 }
}`
	var got []string
	for _, f := range unturnable([]byte(template)) {
		got = append(got, f.LogicalID+": "+f.Message)
	}
	want := []string{"1 character outside of ASCII", "Image: every update reads the parameter again", "Server: every update reads the reference again"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
	for _, fine := range []string{strings.Replace(template, "noren:switch", "other", 1), `{"Resources": {"Responder": {"Metadata": {"noren:switch": "{}"}}}}`} {
		if found := unturnable([]byte(fine)); len(found) > 0 {
			t.Errorf("got %+v", found)
		}
	}
}
