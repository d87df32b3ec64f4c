package main

import (
	"strings"
	"testing"
)

func TestPreviewRefuses(t *testing.T) {
	inAssemblies(t, "open", "closed")
	for _, tt := range []struct {
		name, args, want string
	}{
		{"no example and no app", "preview", "no examples/fieldreports here: name the address of your application with --app http://127.0.0.1:3000"},
		{"a template and no app", "preview --template cdk.out/dev/open", "there is no application: name the address of one with --app http://127.0.0.1:3000"},
		{"a mode without template", "preview --read-only --app http://127.0.0.1:1", `there is no template of the mode "read-only", only of open, closed`},
		{"two modes", "preview --read-only --closed", "[closed read-only] were all set"},
		{"no folder", "preview --site none --app http://127.0.0.1:1", `--site "none" is not a folder`},
		{"no assemblies", "preview --env prod", `no templates in cdk.out/prod/open`},
		{"two apps", "preview --app http://127.0.0.1:1 --app http://127.0.0.1:2", "there is another for the same target group"},
		{"not in a module that has noren", "preview --app http://127.0.0.1:1", "building github.com/noren-cdk/noren/cmd/noren-preview"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, stderr := noren(strings.Fields(tt.args)...)
			if code != 1 || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d, stderr %q, want %q", code, stderr, tt.want)
			}
		})
	}
}
