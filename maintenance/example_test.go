package maintenance_test

import (
	"fmt"
	"net/http"

	"github.com/noren-cdk/noren/maintenance"
)

// ParseFlag accepts false, read-only or true, and nothing else.
func ExampleParseFlag() {
	for _, typed := range []string{"true", "ture"} {
		mode, err := maintenance.ParseFlag(typed)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(mode)
	}
	// Output:
	// closed
	// unknown mode "ture": want false, read-only or true
}

// Opening needs care: it lets through requests that were refused.
func ExampleMode_Opens() {
	fmt.Println(maintenance.ReadOnly.Opens(maintenance.Closed))
	fmt.Println(maintenance.Closed.Opens(maintenance.ReadOnly))
	// Output:
	// true
	// false
}

// A client distinguishes a planned maintenance from any other 503.
func Example() {
	answer := &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}}
	answer.Header.Set(maintenance.Marker, maintenance.MarkerValue)
	answer.Header.Set("Retry-After", "600")

	if answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get(maintenance.Marker) == maintenance.MarkerValue {
		fmt.Println("keep what was written, and ask again in", answer.Header.Get("Retry-After"), "seconds")
	}
	// Output:
	// keep what was written, and ask again in 600 seconds
}
