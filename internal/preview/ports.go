package preview

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"syscall"
)

// quiet is the log of servers: clients that disconnect are not worth a line.
var quiet = log.New(io.Discard, "", 0)

// listen opens the ports, only on the loopback address.
func (p *Preview) listen(site bool) (map[string]net.Listener, error) {
	wanted := []struct {
		name    string
		port    Port
		address *string
	}{{"site", p.config.SitePort, &p.Site}, {"api", p.config.APIPort, &p.API}, {"control", p.config.ControlPort, &p.Control}}
	listeners := map[string]net.Listener{}
	for _, w := range wanted {
		if w.name == "site" && !site {
			continue
		}
		listener, err := listenAt(w.port.Number)
		if errors.Is(err, syscall.EADDRINUSE) && !w.port.Exact {
			p.note("port %d is in use: the %s has a free one", w.port.Number, map[string]string{"site": "site", "api": "API", "control": "control page"}[w.name])
			listener, err = listenAt(0)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		p.closers = append(p.closers, func() { listener.Close() })
		listeners[w.name] = listener
		*w.address = "http://" + listener.Addr().String()
	}
	return listeners, nil
}

func listenAt(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}
