//go:build clientsjava

package clients

import (
	"context"
	"net/http"
	"testing"
)

var javaRows = []row{
	{"OkHttp", java, tells, tells, false},
	{"java.net.http", java, tells, tells, false},
}

func java(ctx context.Context, url, method, _ string) (string, error) {
	return program(ctx, "java", "-cp", "java/lib/*", "java/Row.java", ctx.Value(rowName{}).(string), url, method)
}

func TestJava(t *testing.T) {
	for _, r := range javaRows {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(r.name+" "+method, func(t *testing.T) {
				if said, arrivals := r.ask(t, serve(t, 5, closed), method, "kept"); said != "maintenance 1" || len(arrivals) != 1 {
					t.Errorf("closed: got %q after %d requests, want to be told of maintenance after one", said, len(arrivals))
				}
				if said, _ := r.ask(t, serve(t, 0, nil), method, "kept"); said != "201" {
					t.Errorf("open: got %q, want 201", said)
				}
			})
		}
	}
}
