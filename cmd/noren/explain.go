package main

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/term"
)

func newExplain() *cobra.Command {
	var q question
	var asJSON bool
	cmd := &cobra.Command{
		Use:   `explain "METHOD PATH"`,
		Short: "Say where a request goes in every mode, and why",
		Long: `Show where a request goes: one line for each mode, then the reasons, rule by rule.

The request is "METHOD PATH", "METHOD URL", or just PATH for a GET. A protocol
after it, as in a line of a log, is accepted. Where ALB's behaviour is not
documented, the answer is the most likely one, marked uncertain, with the reason.

What you do not give is unknown. Rules that look at the host, the address or the
query make the answer uncertain without --host, --from or a query (a ? at the end
is an empty query). The same goes for headers as long as there is no -H. With one
-H the headers are complete, unless --more-headers is given. The Host header omits
a port that is the default of the URL's scheme; the port selects the listener.

Exit codes: 0 answered; 1 the request or a template cannot be read.`,
		Example: `  noren explain "POST /api/reports"
  noren explain "GET /api/templates/7?draft=1" -H "X-Client: ios" --from 203.0.113.9
  noren explain "GET https://shop.example.com/cart" --template shop.json --listener 443`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > 2 {
				return fmt.Errorf("want one request, such as \"POST /api/reports\", got %s", term.Plural(len(args), "argument"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := q.request(strings.Join(args, " "))
			if err != nil {
				return err
			}
			answers, sources, err := q.answer(request, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), answers)
			}
			out := term.New(cmd.OutOrStdout())
			writeAnswers(out, answers)
			writeExtent(out, sources)
			return nil
		},
	}
	q.add(cmd)
	flags := cmd.Flags()
	flags.StringArrayVarP(&q.headers, "header", "H", nil, `header of the request, such as "X-Client: ios"; may be repeated`)
	flags.BoolVar(&q.moreHeaders, "more-headers", false, "the request has more headers than those of -H, which are not known")
	flags.StringVar(&q.from, "from", "", "address of the client, which behind CloudFront is CloudFront's")
	flags.StringVar(&q.host, "host", "", "Host header of the request, with the port if one is sent")
	flags.StringVar(&q.template, "template", "", "template or assembly folder to ask, instead of the assemblies of --env")
	flags.StringVar(&q.listener, "listener", "", "logical id, construct path or port of the listener, if there are several")
	flags.BoolVar(&asJSON, "json", false, "write JSON")
	_ = cmd.MarkFlagFilename("template", "json")
	return cmd
}

// question is what explain was asked, without the request line.
type question struct {
	templateFlags
	template, listener string
	headers            []string
	from, host         string
	moreHeaders        bool
	port               string // of the listener that a URL leads to
}

// request reads a request line. Headers, host, address and query that are not
// given are unknown. Once one header is given, the headers are complete.
func (q *question) request(line string) (alb.Request, error) {
	words := strings.Fields(line)
	if n := len(words); n > 1 && strings.HasPrefix(words[n-1], "HTTP/") {
		words = words[:n-1] // a request line as it is logged
	}
	if len(words) != 1 && len(words) != 2 {
		return alb.Request{}, fmt.Errorf(`request %q: want "METHOD /path" or a URL`, line)
	}
	method, target := "GET", words[len(words)-1]
	if len(words) == 2 {
		method = words[0]
	}
	u := alb.SplitURL(target)
	request := alb.Request{Method: method, Target: u.RequestTarget(), Host: cmp.Or(q.host, u.SentHost()), Header: map[string][]string{}}
	switch {
	case u.Scheme != "":
		q.port = u.ListenerPort()
		if !strings.HasPrefix(request.Target, "/") && request.Target != "*" {
			request.Target = "/" + request.Target
		}
	case !strings.HasPrefix(target, "/") && target != "*":
		return alb.Request{}, fmt.Errorf(`request %q: want "METHOD /path" or a URL`, line)
	}
	for _, header := range q.headers {
		name, value, ok := strings.Cut(header, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return alb.Request{}, fmt.Errorf("header %q: want \"Name: value\"", header)
		}
		value = strings.TrimSpace(value)
		if strings.EqualFold(name, "Host") {
			request.Host = value
			continue
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		request.Header[name] = append(request.Header[name], value)
	}
	if q.from != "" {
		source, err := netip.ParseAddr(q.from)
		if err != nil {
			return alb.Request{}, fmt.Errorf("--from %q is not an IP address", q.from)
		}
		request.Source = source
	}
	request.HeadersUnknown = len(request.Header) == 0 || q.moreHeaders
	request.HostUnknown = request.Host == ""
	request.QueryUnknown = !strings.Contains(request.Target, "?")
	return request, nil
}

// answer answers for every template.
func (q *question) answer(request alb.Request, stderr io.Writer) ([]answer, []source, error) {
	var paths []string
	if q.template != "" {
		paths = []string{q.template}
	}
	sources, err := q.load(paths)
	if err != nil {
		return nil, nil, err
	}
	warn(stderr, sources)
	var answers []answer
	for _, s := range sources {
		listener, err := pickListener(s.Template, cmp.Or(q.listener, q.portOf(s.Template)))
		if err != nil {
			return nil, nil, err
		}
		r := request
		answers = append(answers, newAnswer(s, listener.Explain(&r), &r))
	}
	return answers, sources, nil
}

// portOf returns the port in the URL, if the template has a listener on that
// port.
func (q *question) portOf(t *alb.Template) string {
	if slices.ContainsFunc(t.Listeners, func(l *alb.Listener) bool { return q.port != "" && strconv.Itoa(l.Port) == q.port }) {
		return q.port
	}
	return ""
}

// answer is where a request goes in a mode, and why.
type answer struct {
	Mode    string   `json:"mode"`
	Rule    any      `json:"rule"`   // a priority, "default", "unknown", or null if no rule decides
	Action  string   `json:"action"` // the action's type, or "reject"
	Target  *string  `json:"target"` // the target group's logical id, or null
	Status  *int     `json:"status"` // what ALB itself answers, or null
	Certain bool     `json:"certain"`
	Reasons []string `json:"reasons"`
	Read    extent   `json:"read"`

	rule, goal string // for people
	refused    bool
}

func newAnswer(s source, e alb.Explanation, r *alb.Request) answer {
	a := answer{Mode: s.mode, Read: s.extent(), Certain: e.Certain(), Reasons: slices.Concat(e.Effects(r), e.Reasons(), e.Notes(r)), Action: "reject"}
	if e.Status != 0 {
		a.Status = &e.Status
	}
	if e.Rule == nil {
		a.goal, a.refused = fmt.Sprintf("ALB answers %d", e.Status), true
		return a
	}
	a.Rule, a.rule = priorityOf(e.Rule), "rule "+e.Rule.Name()+" "+e.Rule.ShortName()
	if e.Rule.Default() {
		a.rule = "default rule"
	}
	a.goal = s.ActionName(e.Rule)
	if e.Action() == nil {
		a.Action = "unknown"
		return a
	}
	a.Action = e.Action().Type()
	if target := targetsOf(e.Action()); target != "" {
		a.Target = &target
	}
	if group := s.TargetGroup(e.Target()); group != nil && group.Lambda() {
		a.goal += " (Lambda)"
		a.refused = true
	}
	return a
}

// priorityOf returns the priority of a rule in JSON: a number, "default" or
// "unknown".
func priorityOf(r *alb.Rule) any {
	switch {
	case r.Default():
		return "default"
	case r.Priority == alb.UnknownPriority:
		return "unknown"
	}
	return r.Priority
}

// writeAnswers writes a line for every mode, then the reasons, beginning with
// those that all modes share.
func writeAnswers(out term.Terminal, answers []answer) {
	verdicts := term.Table{Heading: []string{"mode", "goes to", "by", ""}}
	for _, a := range answers {
		goal := term.Green.Cell(a.goal)
		if a.refused {
			goal.Style = term.Yellow
		}
		certain := term.Plain.Cell("")
		if !a.Certain {
			certain = term.Red.Cell("uncertain")
		}
		verdicts.Add(term.Bold.Cell(a.Mode), goal, term.Plain.Cell(a.rule), certain)
	}
	verdicts.Write(out)
	common := commonReasons(answers)
	if len(common) > 0 && len(answers) > 1 {
		writeReasons(out, "in every mode", common)
	}
	for i, a := range answers {
		same := func(b answer) bool { return slices.Equal(a.Reasons, b.Reasons) }
		own := slices.DeleteFunc(slices.Clone(a.Reasons), func(r string) bool { return slices.Contains(common, r) })
		if len(answers) == 1 {
			own = a.Reasons
		}
		if slices.IndexFunc(answers, same) < i || len(own) == 0 {
			continue
		}
		var modes []string
		for _, b := range answers {
			if same(b) {
				modes = append(modes, b.Mode)
			}
		}
		writeReasons(out, strings.Join(modes, ", "), own)
	}
}

// commonReasons returns the reasons that all answers have.
func commonReasons(answers []answer) []string {
	var common []string
	for _, reason := range answers[0].Reasons {
		if !slices.ContainsFunc(answers, func(a answer) bool { return !slices.Contains(a.Reasons, reason) }) {
			common = append(common, reason)
		}
	}
	return common
}

func writeReasons(out term.Terminal, heading string, reasons []string) {
	fmt.Fprintf(out, "\n%s\n", out.In(term.Bold, heading))
	for _, reason := range reasons {
		for j, line := range term.Wrap(reason, max(out.Width-4, 0)) {
			if j > 0 {
				line = "  " + line
			}
			fmt.Fprintln(out, "  "+line)
		}
	}
}
