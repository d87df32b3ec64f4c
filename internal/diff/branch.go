package diff

import "iter"

// branchesOf returns the two values of an Fn::If with the condition under which
// each is taken, and whether a value is an Fn::If.
func branchesOf(value any) (name string, yes, no any, ok bool) {
	object, _ := value.(map[string]any)
	list, ok := object["Fn::If"].([]any)
	if !ok || len(object) != 1 || len(list) != 3 {
		return "", nil, nil, false
	}
	return show(list[0]), list[1], list[2], true
}

// entriesOf returns the entries of a list, or a value in place of a list, each
// with the condition of the template under which it exists.
func entriesOf(value any) iter.Seq2[any, string] {
	return func(yield func(any, string) bool) { eachEntry(value, "", yield) }
}

func eachEntry(value any, when string, yield func(any, string) bool) bool {
	if name, yes, no, ok := branchesOf(value); ok {
		return eachEntry(yes, both(when, name), yield) && eachEntry(no, both(when, "not "+name), yield)
	}
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		for _, entry := range v {
			if !eachEntry(entry, when, yield) {
				return false
			}
		}
		return true
	}
	return isNoValue(value) || yield(value, when)
}

func isNoValue(value any) bool {
	object, _ := value.(map[string]any)
	return len(object) == 1 && object["Ref"] == "AWS::NoValue"
}

// both returns a text for two conditions that hold together; either may be "",
// for none.
func both(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " and " + b
}

// given adds the condition of the template under which something exists to its
// text.
func given(text, when string) string {
	if when == "" {
		return text
	}
	return text + " (when " + when + ")"
}
