package lambdaruntime

import (
	"os"
	"path/filepath"
	"testing"
)

// rawLoop is a bootstrap in shell and curl that passes each event to respond.
const rawLoop = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while :; do
  head=$(mktemp); event=$(mktemp)
  curl -sS -D "$head" -o "$event" "$api/invocation/next" || exit 1
  id=$(tr -d '\r' <"$head" | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  curl -sS -o /dev/null --data-binary @"$event" "$api/invocation/$id/response"
  rm -f "$head" "$event"
done
`

func TestShellBootstrap(t *testing.T) {
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(bootstrap, []byte(rawLoop), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := New(Config{Bootstrap: bootstrap, Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 3 {
		got, err := f.Invoke(t.Context(), []byte(`{"echo":true}`))
		if err != nil || string(got) != `{"echo":true}` {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}
