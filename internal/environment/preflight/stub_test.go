package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/encoding/cbor"
)

// answer is an answer of AWS as sent over the wire. scripts/wire.py has
// serialized testdata/answers.json into testdata/wire.json with the models of the
// API.
type answer struct {
	Body, Type string
	CBOR       map[string]any
}

var wire = sync.OnceValue(func() map[string]answer {
	data, err := os.ReadFile("testdata/wire.json")
	if err != nil {
		panic(err)
	}
	var answers map[string]answer
	if err := json.Unmarshal(data, &answers); err != nil {
		panic(err)
	}
	return answers
})

// account is a stub of AWS: the answers of each operation, such as
// ec2.DescribeVpcs, to the first call, the second, and so on; the last one
// repeats. An answer that begins with # is a variant, any other text is an error
// code.
type account struct {
	testing.TB
	mu    sync.Mutex
	says  map[string][]string
	asked map[string]int
}

// restOperations are the operations of REST services, by path.
var restOperations = []struct {
	path      *regexp.Regexp
	operation string
}{
	{regexp.MustCompile(`^/2016-08-19/account-settings`), "GetAccountSettings"},
	{regexp.MustCompile(`^/2020-05-31/distribution$`), "ListDistributions"},
	{regexp.MustCompile(`^/2020-05-31/vpc-origin$`), "ListVpcOrigins"},
	{regexp.MustCompile(`^/2013-04-01/hostedzone/[A-Z0-9]+$`), "GetHostedZone"},
	{regexp.MustCompile(`^/2013-04-01/hostedzone/[A-Z0-9]+/rrset`), "ListResourceRecordSets"},
}

// ServeHTTP answers a call, which it recognizes by its signature.
func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scope := regexp.MustCompile(`/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request`).FindStringSubmatch(r.Header.Get("Authorization"))
	if scope == nil {
		http.Error(w, "not signed", http.StatusForbidden)
		return
	}
	body, _ := io.ReadAll(r.Body)
	service := map[string]string{"monitoring": "cloudwatch", "servicequotas": "service-quotas"}[scope[2]]
	if service == "" {
		service = scope[2]
	}
	form, _ := url.ParseQuery(string(body))
	operation := form.Get("Action")
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		operation = target[strings.LastIndexByte(target, '.')+1:]
	}
	if i := strings.LastIndex(r.URL.Path, "/operation/"); i > 0 {
		operation = r.URL.Path[i+len("/operation/"):]
	}
	for _, rest := range restOperations {
		if rest.path.MatchString(r.URL.Path) {
			operation = rest.operation
		}
	}
	name := service + "." + operation

	a.mu.Lock()
	say := ""
	if list := a.says[name]; len(list) > 0 {
		say = list[min(a.asked[name], len(list)-1)]
	}
	a.asked[name]++
	a.mu.Unlock()
	if say != "" && !strings.HasPrefix(say, "#") {
		refuse(w, service, say)
		return
	}
	answer, known := wire()[name+say]
	if !known {
		a.Errorf("the stub has no answer to %s%s (%s)", name, say, r.URL)
		http.Error(w, "no answer", http.StatusNotImplemented)
		return
	}
	if answer.CBOR != nil {
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		_, _ = w.Write(cbor.Encode(encoded(answer.CBOR)))
		return
	}
	w.Header().Set("Content-Type", answer.Type)
	_, _ = io.WriteString(w, strings.ReplaceAll(answer.Body, "SITE", "https://app.fieldreports.example"))
}

// encoded converts a JSON value to CBOR.
func encoded(value any) cbor.Value {
	switch value := value.(type) {
	case map[string]any:
		m := cbor.Map{}
		for k, v := range value {
			m[k] = encoded(v)
		}
		return m
	case []any:
		var list cbor.List
		for _, v := range value {
			list = append(list, encoded(v))
		}
		return list
	case float64:
		return cbor.Uint(value)
	}
	return cbor.String(fmt.Sprint(value))
}

// refuse answers with an error in the format of the service.
func refuse(w http.ResponseWriter, service, code string) {
	code, message, _ := strings.Cut(code, ": ")
	w.Header().Set("X-Amzn-ErrorType", code)
	switch service {
	case "ec2":
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>1</RequestID></Response>", code, message)
	case "cloudwatch":
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(cbor.Encode(cbor.Map{"__type": cbor.String(code), "message": cbor.String(message)}))
	case "rds", "sts", "cloudformation", "sns", "elasticloadbalancing", "cloudfront", "route53":
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>", code, message)
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type": %q, "message": %q}`, code, message)
	}
}

// newAccount starts a stub in which all is well, except for the given answers.
func newAccount(t *testing.T, says map[string][]string) Subject {
	t.Helper()
	server := httptest.NewServer(&account{TB: t, says: says, asked: map[string]int{}})
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIASTUB", "AWS_SECRET_ACCESS_KEY": "stub", "AWS_SESSION_TOKEN": "", "AWS_MAX_ATTEMPTS": "1", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("ap-northeast-1"))
	if err != nil {
		t.Fatal(err)
	}
	return Subject{Config: cfg, Run: machine(nil)}
}

// machine runs commands as on a machine where all is well, except for the given
// outputs and errors.
func machine(says map[string]any) func(context.Context, string, ...string) (string, error) {
	return func(_ context.Context, name string, args ...string) (string, error) {
		command := strings.Join(append([]string{name}, args...), " ")
		if said, ok := says[command]; ok {
			if err, failed := said.(error); failed {
				return "cannot connect", err
			}
			return said.(string), nil
		}
		switch {
		case command == "aws --version":
			return "aws-cli/2.31.0 Python/3.13.7 Linux/6.1\n", nil
		case command == "docker buildx version":
			return "github.com/docker/buildx v0.29.1\n", nil
		case strings.HasPrefix(command, "docker version"):
			return "28.5.1\n", nil
		case command == "node --version":
			return "v24.11.0\n", nil
		case strings.HasPrefix(command, "gh api"):
			return `{"total_count":2,"environments":[{"name":"prod","protection_rules":[{"type":"required_reviewers","reviewers":[{"type":"User"}]}]},{"name":"prod-plan","protection_rules":[]},{"name":"dev","protection_rules":[{"type":"required_reviewers","reviewers":[{"type":"Team"}]}]},{"name":"dev-plan","protection_rules":[]}]}`, nil
		}
		return "", errors.New("the stub has no command " + command)
	}
}
