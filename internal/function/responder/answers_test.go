package responder

import (
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden answers of this run")

// fieldReports is a configuration that uses every setting.
var fieldReports = Config{
	Message: map[string]string{
		"en":      "Field Reports is being upgraded. Your reports are safe and will be sent when we are back.",
		"ja":      "Field Reportsは現在アップデート作業中です。レポートは保存されており、サービス再開後に自動的に送信されます。",
		"zh-Hant": "Field Reports 正在更新。您的報告已保存，恢復服務後將會送出。",
	},
	Until:       time.Date(2026, 12, 1, 4, 0, 0, 0, time.FixedZone("", 9*60*60)),
	CORSOrigins: []string{"https://app.example.com", "https://*.app.example.net"},
	Status:      "/maintenance.json",
}

func TestGoldenAnswers(t *testing.T) {
	withBody := fieldReports
	withBody.Body = json.RawMessage(`{"ok":false,"reason":"MAINTENANCE"}`)
	tests := []struct {
		answer, event string
		config        Config
	}{
		{"navigation", "navigation", fieldReports},
		{"navigation-multi", "navigation-multi", fieldReports},
		{"mobile-write", "mobile-write", fieldReports},
		{"mobile-write-no-end", "mobile-write", Config{}},
		{"mobile-write-own-body", "mobile-write", withBody},
		{"script", "script", fieldReports},
		{"script-multi", "script-multi", fieldReports},
		{"script-stranger", "script-stranger", fieldReports},
		{"preflight", "preflight", fieldReports},
		{"preflight-multi", "preflight-multi", fieldReports},
		{"options", "options", fieldReports},
		{"head", "head", fieldReports},
		{"problem", "problem", fieldReports},
		{"json-api", "json-api", fieldReports},
		{"upload", "upload", fieldReports},
		{"unknown-method", "unknown-method", fieldReports},
		{"health-check", "health-check", fieldReports},
	}
	for _, tt := range tests {
		t.Run(tt.answer, func(t *testing.T) {
			got := ask(t, at(now, tt.config, io.Discard), tt.event).String()
			golden := filepath.Join("testdata", "answers", tt.answer+".http")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("answer differs from %s (-want +got):\n%s", golden, diff)
			}
		})
	}
}
