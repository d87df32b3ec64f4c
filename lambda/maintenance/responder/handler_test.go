package responder

import (
	"context"
	"encoding/json"
	"io"
	"testing"
)

func TestInvokeAnswersServiceUnavailable(t *testing.T) {
	h := New(Config{Message: map[string]string{"en": "Back soon."}}, io.Discard)
	out, err := h.Invoke(context.Background(), []byte(`{"httpMethod":"GET","headers":{"accept":"*/*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		StatusCode int               `json:"statusCode"`
		Headers    map[string]string `json:"headers"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 503 || answer.Headers["X-Maintenance-Mode"] != "on" {
		t.Errorf("got %s, want a marked 503", out)
	}
}
