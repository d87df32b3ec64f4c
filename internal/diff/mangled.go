package diff

import (
	"encoding/json"
	"fmt"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/term"
)

// readBack returns a template that CloudFormation may have returned, in which
// each text that it may have mangled is replaced by that of the other template,
// since it cannot be told whether they differ. A template with a non-ASCII
// character is returned unchanged.
func readBack(data, other []byte) (same []byte, texts int) {
	var back, next any
	if json.Unmarshal(data, &back) != nil || json.Unmarshal(other, &next) != nil || exactly(back) != cfn.Mangled(exactly(back)) {
		return data, 0
	}
	back = restore(back, next, &texts)
	if texts == 0 {
		return data, 0
	}
	return []byte(exactly(back)), texts
}

// restore returns a value in which texts that may be mangled are replaced by
// those of another value.
func restore(back, next any, texts *int) any {
	switch b := back.(type) {
	case map[string]any:
		if n, ok := next.(map[string]any); ok {
			for key, value := range b {
				b[key] = restore(value, n[key], texts)
			}
		}
	case []any:
		if n, ok := next.([]any); ok && len(n) == len(b) {
			for i, value := range b {
				b[i] = restore(value, n[i], texts)
			}
		}
	case string:
		if n, ok := next.(string); ok && n != b && cfn.Mangled(n) == b {
			*texts++
			return n
		}
	}
	return back
}

// mangledWarning says what is not known about mangled texts.
func mangledWarning(texts int) string {
	return fmt.Sprintf("%s of the deployed template came back from CloudFormation with ? for every character that is not ASCII, and may be what the other template has: whether they change cannot be told", term.Plural(texts, "text"))
}
