package environment

import (
	"cmp"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/noren-cdk/noren/maintenance"
)

// decodeScalar decodes a single value and checks it against the range or oneof of
// its tag.
func (d *decoder) decodeScalar(node ast.Node, key string, to reflect.Value, tag reflect.StructTag) {
	text, isText, ok := scalar(node)
	ok = ok && allowedType(to.Type(), node, isText, tag) && setScalar(to, text) && inBounds(to, text, tag)
	if !ok {
		to.SetZero()
		d.refuse(key, "want %s, got %s", wanted(to.Type(), tag), described(node))
	}
}

// allowedType reports whether a node has the YAML type for t. Text that looks
// like a number is not a number, nor the other way around, unless the tag says
// scalar.
func allowedType(t reflect.Type, node ast.Node, isText bool, tag reflect.StructTag) bool {
	if t == reflect.TypeFor[time.Duration]() {
		return isText
	}
	switch t.Kind() {
	case reflect.Bool:
		return node.Type() == ast.BoolType
	case reflect.Int, reflect.Int64:
		return node.Type() == ast.IntegerType
	case reflect.Float64:
		return node.Type() == ast.IntegerType || node.Type() == ast.FloatType
	}
	return isText || option(tag, "scalar") && node.Type() != ast.FloatType
}

var (
	// YAML versions disagree on 010, 0o10 and 1_000; no one should have to know
	// that.
	wholeNumberPattern = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	numberPattern      = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
)

// setScalar sets to from its text.
func setScalar(to reflect.Value, text string) bool {
	var err error
	switch to := to.Addr().Interface().(type) {
	case *string:
		*to = text
	case *maintenance.Mode:
		*to, err = maintenance.ParseFlag(text)
	case *bool:
		*to, err = strconv.ParseBool(text)
	case *int:
		*to, err = strconv.Atoi(text)
		return err == nil && wholeNumberPattern.MatchString(text)
	case *int64:
		*to, err = strconv.ParseInt(text, 10, 64)
		return err == nil && wholeNumberPattern.MatchString(text)
	case *float64:
		*to, err = strconv.ParseFloat(text, 64)
		return err == nil && numberPattern.MatchString(text)
	case *netip.Prefix:
		*to, err = netip.ParsePrefix(text)
	case *time.Time:
		*to, err = time.Parse(time.RFC3339, text)
	case *time.Duration:
		*to, err = time.ParseDuration(text)
		return err == nil && *to%time.Second == 0
	default:
		return false
	}
	return err == nil
}

// inBounds reports whether a value is within its tag's oneof and range.
func inBounds(value reflect.Value, text string, tag reflect.StructTag) bool {
	if oneof := tag.Get("oneof"); oneof != "" {
		return slices.Contains(strings.Split(oneof, ","), text)
	}
	least, most, ok := strings.Cut(tag.Get("range"), ",")
	return !ok || compare(value, least) >= 0 && compare(value, most) <= 0
}

// compare compares a value with a bound of a tag.
func compare(value reflect.Value, bound string) int {
	limit := reflect.New(value.Type()).Elem()
	if !setScalar(limit, bound) {
		panic("bound " + bound + " is no " + value.Type().String())
	}
	switch {
	case value.CanInt():
		return cmp.Compare(value.Int(), limit.Int())
	default:
		return cmp.Compare(value.Float(), limit.Float())
	}
}
