package edge

import (
	"io"
	"net/http"
	"strings"
)

// isWebSocket reports whether a client asks for a WebSocket.
func isWebSocket(h http.Header) bool {
	return strings.EqualFold(h.Get("Upgrade"), "websocket") &&
		strings.Contains(strings.ToLower(strings.Join(h["Connection"], ",")), "upgrade")
}

// upgrade connects the client with a target that has switched protocols, until
// one of them ends or neither sends anything for the idle timeout.
func (x *exchange) upgrade(resp *http.Response) {
	target, ok := resp.Body.(io.ReadWriteCloser)
	if !ok || !isWebSocket(x.r.Header) {
		x.refuse(http.StatusBadGateway, "the target switched protocols though nobody asked for it")
		return
	}
	client, buffered, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		x.refuse(http.StatusBadRequest, "the connection cannot be upgraded: "+err.Error())
		return
	}
	x.status = resp.StatusCode
	end := func() {
		client.Close()
		target.Close()
	}
	a := x.listener.alb
	release := a.whenClosed(end)
	defer release()
	defer end()
	dog := newWatchdog(x.mode.idle, func(*watchdog) { end() })
	defer dog.stop()
	resp.Body = nil
	if err := resp.Write(buffered); err != nil {
		return
	}
	if err := buffered.Flush(); err != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(target, &watched{buffered, dog}) // the end of one side ends both
		end()
		close(done)
	}()
	_, _ = io.Copy(client, &watched{target, dog})
	end()
	<-done
}

// watched pats the watchdog with every read.
type watched struct {
	io.Reader
	dog *watchdog
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	w.dog.pat()
	return n, err
}

// whenClosed arranges for end to be called when the load balancer is closed,
// unless release is called first.
func (a *ALB) whenClosed(end func()) (release func()) {
	a.upgradedMu.Lock()
	defer a.upgradedMu.Unlock()
	if a.upgraded == nil {
		a.upgraded = map[int]func(){}
	}
	a.upgrades++
	id := a.upgrades
	a.upgraded[id] = end
	return func() {
		a.upgradedMu.Lock()
		defer a.upgradedMu.Unlock()
		delete(a.upgraded, id)
	}
}

func (a *ALB) endUpgraded() {
	a.upgradedMu.Lock()
	defer a.upgradedMu.Unlock()
	for _, end := range a.upgraded {
		end()
	}
}
