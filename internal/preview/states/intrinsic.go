package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// call is an intrinsic function with its arguments.
type call struct {
	name      string
	arguments []node
}

// functions are the supported intrinsic functions.
var functions = map[string]func([]any) (any, error){
	"States.Array":        func(arguments []any) (any, error) { return arguments, nil },
	"States.ArrayLength":  arrayLength,
	"States.ArrayGetItem": arrayGetItem,
	"States.Format":       format,
	"States.JsonToString": jsonToString,
	"States.MathAdd":      mathAdd,
	"States.StringToJson": stringToJSON,
}

func (c call) value(s scope) (any, error) {
	arguments := []any{}
	for _, a := range c.arguments {
		v, err := a.value(s)
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, v)
	}
	v, err := functions[c.name](arguments)
	if err != nil {
		return nil, &Failure{Name: IntrinsicFailure, Cause: fmt.Sprintf("%s: %v", c.name, err)}
	}
	return v, nil
}

func format(arguments []any) (any, error) {
	if len(arguments) == 0 {
		return nil, errors.New("want a text")
	}
	text, ok := arguments[0].(string)
	if !ok {
		return nil, fmt.Errorf("%v is not a text", arguments[0])
	}
	var made strings.Builder
	arguments = arguments[1:]
	for {
		before, after, found := strings.Cut(text, "{}")
		made.WriteString(before)
		if !found {
			break
		}
		if len(arguments) == 0 {
			return nil, errors.New("there are more {} than values")
		}
		switch v := arguments[0].(type) {
		case string:
			made.WriteString(v)
		case map[string]any, []any:
			return nil, fmt.Errorf("%v is neither a text, a number nor a boolean", v)
		default:
			value, err := encode(v)
			if err != nil {
				return nil, err
			}
			made.WriteString(value)
		}
		arguments, text = arguments[1:], after
	}
	if len(arguments) > 0 {
		return nil, errors.New("there are more values than {}")
	}
	return made.String(), nil
}

func jsonToString(arguments []any) (any, error) {
	if len(arguments) != 1 {
		return nil, fmt.Errorf("got %d arguments: want 1", len(arguments))
	}
	return encode(arguments[0])
}

func stringToJSON(arguments []any) (any, error) {
	if len(arguments) != 1 {
		return nil, fmt.Errorf("got %d arguments: want 1", len(arguments))
	}
	text, ok := arguments[0].(string)
	if !ok {
		return nil, fmt.Errorf("%v is not a text", arguments[0])
	}
	return decode([]byte(text))
}

func arrayLength(arguments []any) (any, error) {
	if len(arguments) != 1 {
		return nil, fmt.Errorf("got %d arguments: want 1", len(arguments))
	}
	of, ok := arguments[0].([]any)
	if !ok {
		return nil, fmt.Errorf("%v is not an array", arguments[0])
	}
	return json.Number(strconv.Itoa(len(of))), nil
}

func arrayGetItem(arguments []any) (any, error) {
	if len(arguments) != 2 {
		return nil, fmt.Errorf("got %d arguments: want 2", len(arguments))
	}
	of, ok := arguments[0].([]any)
	index, err := integer(arguments[1])
	if !ok || err != nil || index < 0 || index >= int64(len(of)) {
		return nil, fmt.Errorf("there is no item %v", arguments[1])
	}
	return of[index], nil
}

func mathAdd(arguments []any) (any, error) {
	if len(arguments) != 2 {
		return nil, fmt.Errorf("got %d arguments: want 2", len(arguments))
	}
	a, err := integer(arguments[0])
	if err != nil {
		return nil, err
	}
	b, err := integer(arguments[1])
	return json.Number(strconv.FormatInt(a+b, 10)), err
}

func integer(v any) (int64, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, fmt.Errorf("%v is not a number", v)
	}
	return n.Int64()
}

// readExpression reads a path or a function.
func readExpression(text string) (node, error) {
	n, rest, err := readArgument(text)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	if strings.TrimSpace(rest) != "" {
		return nil, fmt.Errorf("%q: %q is left over", text, rest)
	}
	if _, ok := n.(literal); ok {
		return nil, fmt.Errorf("%q: want a path or a function", text)
	}
	return n, nil
}

var (
	callStart = regexp.MustCompile(`^(States\.[A-Za-z0-9]+)\(`)
	quotedArg = regexp.MustCompile(`^'((?:[^'\\]|\\.)*)'`)
	plainArg  = regexp.MustCompile(`^(?:null|true|false|-?\d+(?:\.\d+)?)`)
	pathArg   = regexp.MustCompile(`^\$(?:\['[^']*'\]|[^,() '])*`)
	escaped   = regexp.MustCompile(`\\(.)`)
)

func readArgument(text string) (node, string, error) {
	text = strings.TrimLeft(text, " ")
	if m := callStart.FindStringSubmatch(text); m != nil {
		return readCall(m[1], text[len(m[0]):])
	}
	if m := quotedArg.FindStringSubmatch(text); m != nil {
		return literal{escaped.ReplaceAllString(m[1], "$1")}, text[len(m[0]):], nil
	}
	if m := plainArg.FindString(text); m != "" {
		v, err := decode([]byte(m))
		return literal{v}, text[len(m):], err
	}
	if m := pathArg.FindString(text); m != "" {
		p, err := readPath(m)
		return p, text[len(m):], err
	}
	return nil, "", fmt.Errorf("%q is not supported here: want a path, a text, a number or a function", text)
}

func readCall(name, rest string) (node, string, error) {
	if functions[name] == nil {
		return nil, "", fmt.Errorf("function %s is not supported here: want %s", name, strings.Join(slices.Sorted(maps.Keys(functions)), ", "))
	}
	c := call{name: name}
	if after, empty := strings.CutPrefix(strings.TrimLeft(rest, " "), ")"); empty {
		return c, after, nil
	}
	for {
		a, after, err := readArgument(rest)
		if err != nil {
			return nil, "", err
		}
		c.arguments = append(c.arguments, a)
		after = strings.TrimLeft(after, " ")
		if more, ok := strings.CutPrefix(after, ","); ok {
			rest = more
			continue
		}
		if end, ok := strings.CutPrefix(after, ")"); ok {
			return c, end, nil
		}
		return nil, "", fmt.Errorf("%s: want a comma or a closing parenthesis before %q", name, after)
	}
}
