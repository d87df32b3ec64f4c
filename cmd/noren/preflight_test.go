package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/environment/preflight"
)

func TestPreflight_PrintsEachLineAndItsCode(t *testing.T) {
	good := preflight.Finding{Check: "zones", State: preflight.OK, Found: "us-east-1a, us-east-1b"}
	bad := preflight.Finding{Check: "Fargate quota", State: preflight.Wrong, Found: "6 vCPUs", Do: "raise it"}
	unasked := preflight.Finding{Check: "VPCs", State: preflight.Unknown, Found: "not allowed to ask: AccessDenied"}
	for _, test := range []struct {
		findings []preflight.Finding
		code     int
		said     string
	}{
		{[]preflight.Finding{good}, 0, "ok        zones                     us-east-1a, us-east-1b\n\n1 ok, 0 wrong, 0 not known\n"},
		{[]preflight.Finding{good, unasked}, 4, "not known VPCs                      not allowed to ask: AccessDenied\n\n1 ok, 0 wrong, 1 not known\n"},
		{[]preflight.Finding{unasked, bad, good}, 3, "wrong     Fargate quota             6 vCPUs\n                                    raise it\nok "},
	} {
		var out bytes.Buffer
		if err := writePreflight(&out, test.findings); err != nil {
			t.Fatal(err)
		}
		code := 0
		var exit *exitError
		if errors.As(preflightExit(test.findings), &exit) {
			code = exit.code
		}
		if code != test.code || !strings.Contains(out.String(), test.said) {
			t.Errorf("code %d, want %d, and\n%s\nwant\n%s", code, test.code, out.String(), test.said)
		}
	}
}

func TestPreflight_PolicyAsksNothing(t *testing.T) {
	var out, errs bytes.Buffer
	if code := exec(t.Context(), []string{"preflight", "--policy"}, nil, &out, &errs); code != 0 {
		t.Fatalf("code %d: %s", code, errs.String())
	}
	var policy struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal(out.Bytes(), &policy); err != nil || len(policy.Statement) != 1 || len(policy.Statement[0].Action) < 30 {
		t.Errorf("%v: %s", err, out.String())
	}
}
