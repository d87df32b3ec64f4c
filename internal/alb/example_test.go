package alb_test

import (
	"fmt"
	"log"
	"net/netip"
	"os"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

func Example() {
	f, err := os.Open("testdata/shop-cdk.template.json")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	template, err := alb.Read(f, cfn.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, problem := range alb.Check(template) {
		fmt.Println(problem.Severity, problem.LogicalID, problem.Message)
	}
	listener := template.Listener(alb.Ref{LogicalID: "AlbHttpsF2D0A7B3"})
	request := &alb.Request{
		Method: "GET",
		Target: "/images/80x80/cat.png?Format=WebP",
		Host:   "shop.example.com",
		Source: netip.MustParseAddr("198.51.100.7"),
	}
	decision := listener.Route(request)
	fmt.Printf("rule %s: %s, certain: %v\n", decision.Rule.Name(), decision.Action(), decision.Certain())
	for _, reason := range listener.Explain(request).Reasons() {
		fmt.Println(reason)
	}
	// Output:
	// rule 40: forward to ImagesTargetGroup9E8F7A6B, certain: true
	// rule 5 does not match: header X-Preview is not sent
	// rule 10 does not match: host "shop.example.com" is not "staff.example.com"
	// rule 20 does not match: host "shop.example.com" is not "old.example.com" or "*.old.example.com"
	// rule 30 does not match: path "/images/80x80/cat.png" is not "/robots.txt"
	// rule 40 matches: path ~ "^/images/[0-9]+x[0-9]+/.+$", query format=webp or any key=avif
}

// A construct checks a rule before defining it.
func ExampleRule_Check() {
	rule := alb.Rule{Priority: 100, Conditions: []alb.Condition{
		alb.Methods{"GET", "HEAD"},
		alb.PathPatterns{"/api/templates", "/api/files/*", "/api/items", "/api/a(b)"},
	}}
	for _, problem := range rule.Check() {
		if problem.Severity == alb.Error {
			fmt.Println(problem.Message)
		}
	}
	// Output:
	// rule has 6 condition values, ALB allows 5
	// path pattern "/api/a(b)" contains '(', ALB allows A-Z a-z 0-9 _ - . $ / ~ " ' @ : + & * ?
}
