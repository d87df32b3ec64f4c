package replay

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
)

func TestAHostileLogTakesBoundedMemory(t *testing.T) {
	r := newReplay(t, Config{Since: noon})
	long := strings.Repeat("x", 2000)
	const lines = 70_000
	frequent := 0
	for i := range lines {
		e := called(fmt.Sprint("M", i), fmt.Sprintf("/%dx%s", i, long), fmt.Sprintf("agent%d/%s", i, long), 1+i%50_000)
		e.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
		e.LoadBalancer = fmt.Sprintf("app/%d%s", i, long)
		if i%7 == 0 {
			e.URL = fmt.Sprintf("https://a:%d/", i)
		}
		if i%1000 == 999 {
			e = called("GET", "/api/me", phone, 0)
			frequent++
		}
		r.Add(&e, Place{"log", i + 1})
	}
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc > 150<<20 {
		t.Errorf("%d bytes are in use", memory.HeapAlloc)
	}
	report := r.Report()
	var sum int64
	for _, e := range report.Endpoints {
		sum += e.Requests
		if e.Path == "/api/me" && e.Requests != int64(frequent) {
			t.Errorf("the one that is called often has %d requests, want %d", e.Requests, frequent)
		}
	}
	if len(report.Endpoints) > maxEndpoints+1 || sum != report.Requests.Requests || sum+report.Lines.OtherPorts != lines {
		t.Errorf("%d endpoints with %d requests, %d requests, %d to other ports", len(report.Endpoints), sum, report.Requests.Requests, report.Lines.OtherPorts)
	}
	if last := report.Endpoints[0]; last.Path != Other || last.Method != "" || last.Requests == 0 {
		t.Errorf("what did not fit: got %+v", last)
	}
	if len(report.SelfCheck.Disagreements) != maxDisagreements || report.SelfCheck.Disagreed == 0 {
		t.Errorf("%d disagreements listed of %d", len(report.SelfCheck.Disagreements), report.SelfCheck.Disagreed)
	}
	for name, n := range map[string]int{"clients": len(report.Clients), "methods": len(report.Methods), "load balancers": len(report.LoadBalancers), "ports": len(report.Ports)} {
		if n > maxFamilies+1 {
			t.Errorf("%d %s", n, name)
		}
	}
}
