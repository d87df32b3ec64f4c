package account

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// request is a call of a service.
type request struct {
	service, operation string
	form               url.Values     // for a Query service
	input              map[string]any // for a JSON service
	method, path       string         // for a REST service
	body               []byte
	protocol           protocol
	header             http.Header
}

type protocol int

const (
	query protocol = iota
	inJSON
	inCBOR
	rest
)

func (q request) name() string { return q.service + ":" + q.operation }

// text returns the input with a name, for a JSON service.
func (q request) text(name string) string {
	s, _ := q.input[name].(string)
	return s
}

// list returns the entries NAME.member.1 and so on of a Query call.
func (q request) list(name string) []string {
	var all []string
	for i := 1; ; i++ {
		value := q.form.Get(name + ".member." + strconv.Itoa(i))
		if value == "" {
			return all
		}
		all = append(all, value)
	}
}

// scope matches the part of a signature that names the service.
var scope = regexp.MustCompile(`Credential=[^/]*/\d+/[^/]*/([^/]+)/aws4_request`)

// parse determines the call. It does not check the signature: there is nothing
// here to protect from the programs of this machine's user.
func parse(r *http.Request, body []byte) request {
	q := request{method: r.Method, path: r.URL.Path, body: body, header: r.Header}
	if m := scope.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		q.service = m[1]
	}
	target := r.Header.Get("X-Amz-Target")
	switch {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		q.protocol, q.operation = inCBOR, path.Base(r.URL.Path)
	case target != "":
		q.protocol, q.operation = inJSON, target[strings.LastIndexByte(target, '.')+1:]
		_ = json.Unmarshal(body, &q.input) // anything else has no inputs
	case q.service == "s3":
		q.protocol, q.operation = rest, map[string]string{"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject"}[r.Method]
	case q.service == "lambda":
		q.protocol = rest
		switch path.Base(r.URL.Path) {
		case "invocations":
			q.operation = "Invoke"
		case "configuration":
			q.operation = "GetFunctionConfiguration"
		default:
			q.operation = r.Method + " " + r.URL.Path
		}
	default:
		q.form, _ = url.ParseQuery(string(body)) // anything else has no Action
		q.operation = q.form.Get("Action")
	}
	return q
}

// raw is an answer that is written unchanged.
type raw struct {
	body    []byte
	headers map[string]string
}

func (q request) write(w http.ResponseWriter, answer any, refused *Refusal) {
	w.Header().Set("X-Amzn-RequestId", "preview")
	status := http.StatusOK
	if refused != nil {
		status = http.StatusBadRequest
		if refused.Code == "InternalFailure" {
			status = http.StatusInternalServerError
		}
	}
	as, verbatim := answer.(raw)
	switch {
	case verbatim && refused == nil:
		for name, value := range as.headers {
			w.Header().Set(name, value)
		}
		_, _ = w.Write(as.body)
	case q.protocol == query || q.service == "s3":
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		switch {
		case refused != nil && q.service == "s3":
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", refused.Code, inXML(refused.Message))
		case refused != nil:
			fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>preview</RequestId></ErrorResponse>", refused.Code, inXML(refused.Message))
		default:
			fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult><ResponseMetadata><RequestId>preview</RequestId></ResponseMetadata></%[1]sResponse>", q.operation, inXML(answer))
		}
	case q.protocol == inCBOR:
		value := any(map[string]any{})
		if answer != nil {
			value = answer
		}
		if refused != nil {
			value = map[string]any{"__type": refused.Code, "message": refused.Message}
		}
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		w.WriteHeader(status)
		_, _ = w.Write(cbor.Encode(toCBOR(value)))
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if refused != nil {
			w.Header().Set("X-Amzn-ErrorType", refused.Code)
			answer = map[string]string{"__type": refused.Code, "message": refused.Message}
		}
		if answer == nil {
			answer = map[string]string{}
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	}
}

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")

// inXML encodes a value as the Query protocol does.
func inXML(v any) string {
	var b strings.Builder
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			fmt.Fprintf(&b, "<%s>%s</%[1]s>", name, inXML(v[name]))
		}
	case []any:
		for _, item := range v {
			b.WriteString("<member>" + inXML(item) + "</member>")
		}
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	default:
		return escapes.Replace(fmt.Sprint(v))
	}
	return b.String()
}

func toCBOR(value any) cbor.Value {
	switch v := value.(type) {
	case map[string]any:
		m := cbor.Map{}
		for name, inner := range v {
			m[name] = toCBOR(inner)
		}
		return m
	case []any:
		list := cbor.List{}
		for _, inner := range v {
			list = append(list, toCBOR(inner))
		}
		return list
	case float64:
		return cbor.Float64(v)
	case time.Time:
		return &cbor.Tag{ID: 1, Value: cbor.Float64(v.Unix())}
	}
	return cbor.String(fmt.Sprint(value))
}
