package monitors

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// secret is the content of a secret in Secrets Manager.
type secret struct {
	text   string
	values map[string]any // nil if it is not a JSON object
}

func newSecret(text string) secret {
	s := secret{text: strings.TrimSpace(text)}
	if json.Unmarshal([]byte(text), &s.values) != nil {
		s.values = nil
	}
	return s
}

// value returns the value of a name in a secret that is a JSON object. If the
// secret is a text, the name is empty and the value the whole text.
func (s secret) value(name string) (string, error) {
	switch {
	case name == "" && s.values != nil:
		return "", errors.New("the secret is a JSON object: want the name of a value")
	case name == "" && s.text == "":
		return "", errors.New("the secret is empty")
	case name == "":
		return s.text, nil
	case s.values == nil:
		return "", fmt.Errorf("the secret is not a JSON object: it has no value %q", name)
	}
	value, _ := s.values[name].(string)
	if value = strings.TrimSpace(value); value == "" {
		return "", fmt.Errorf("the secret has no text %q", name)
	}
	return value, nil
}

// hidden returns a text without the values of the secret.
func (s secret) hidden(text string) string {
	hide := []string{s.text}
	for _, value := range s.values {
		if value, ok := value.(string); ok {
			hide = append(hide, value, strings.TrimSpace(value))
		}
	}
	slices.SortFunc(hide, func(a, b string) int { return len(b) - len(a) })
	for _, value := range hide {
		if value == "" {
			continue
		}
		quoted, _ := json.Marshal(value) // as a JSON answer would repeat it
		for _, form := range []string{value, string(quoted[1 : len(quoted)-1]), url.QueryEscape(value)} {
			text = strings.ReplaceAll(text, form, "***")
		}
	}
	return text
}
