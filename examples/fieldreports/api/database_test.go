package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An authority signs certificates for servers.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key}
}

// file writes the authority's certificate to a file.
func (a authority) file(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "ca")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// server returns a certificate for the server called host.
func (a authority) server(t *testing.T, host string, until time.Time) *tls.Certificate {
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotAfter: until}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
}

// fakeMySQL greets one client as MySQL does, offers TLS if it has a certificate,
// and reports what the client then sends inside TLS, or that it sent nothing.
func fakeMySQL(t *testing.T, certificate *tls.Certificate) (port string, heard chan string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	heard = make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		low := byte(0x00)
		if certificate != nil {
			low = 0x08 // CLIENT_SSL, 0x0800
		}
		greeting := "\x0a8.0.39\x00" + "\x01\x00\x00\x00" + "12345678\x00" + string([]byte{0x01, 0x82 | low}) +
			"\x2d\x02\x00" + "\x08\x00" + "\x15" + strings.Repeat("\x00", 10) + "123456789012\x00" + "mysql_native_password\x00"
		io.WriteString(conn, string([]byte{byte(len(greeting)), 0, 0, 0})+greeting)

		buffer := make([]byte, 4096)
		if certificate != nil {
			if _, err := io.ReadFull(conn, buffer[:36]); err != nil { // the request to continue in TLS
				heard <- ""
				return
			}
			conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*certificate}})
		}
		n, _ := conn.Read(buffer)
		login := string(buffer[:n])
		if n > 0 { // as Aurora asks for an IAM token
			ask := "\xfemysql_clear_password\x00"
			io.WriteString(conn, string([]byte{byte(len(ask)), 0, 0, buffer[3] + 1})+ask)
			n, _ = conn.Read(buffer)
			login += string(buffer[:n])
		}
		heard <- login
	}()
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return port, heard
}

// TestConnectVerifiesTheServer checks that the client sends its login only to a
// server with a certificate of the CA.
func TestConnectVerifiesTheServer(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	later := time.Now().Add(time.Hour)
	tests := []struct {
		name   string
		server *tls.Certificate
		want   string // in the error; "" if the login must be sent
	}{
		{"right certificate", ours.server(t, "localhost", later), ""},
		{"no TLS", nil, "TLS requested but server does not support TLS"},
		{"another CA", other.server(t, "localhost", later), "certificate signed by unknown authority"},
		{"another host", ours.server(t, "db.example.com", later), "certificate is valid for db.example.com, not localhost"},
		{"expired", ours.server(t, "localhost", time.Now().Add(-time.Minute)), "certificate has expired"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			port, heard := fakeMySQL(t, test.server)
			db := database{host: "localhost", port: port, ca: ours.file(t)}
			pool, _, err := db.connect(t.Context(), "admin", "secret")
			if err == nil {
				pool.Close()
				t.Fatal("connected to a server that cannot log anyone in")
			}
			login := <-heard
			if test.want == "" {
				if !strings.Contains(login, "admin") {
					t.Errorf("got error %v, want the login to be sent", err)
				}
				return
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want %s", err, test.want)
			}
			if strings.Contains(login, "admin") {
				t.Errorf("the login was sent: %q", login)
			}
		})
	}
}

func TestConnectWantsCertificates(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("<html>not found</html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, ca, want string }{
		{"no file", empty + ".pem", "reading the CA certificates (DB_TLS_CA): open "},
		{"no certificate", empty, "no CA certificate in "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := database{host: "localhost", port: "1", ca: test.ca}.connect(t.Context(), "admin", "secret")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want %s", err, test.want)
			}
		})
	}
}

func TestDatabaseFrom_Connections(t *testing.T) {
	for value, want := range map[string]int{"": 0, "1": 1, "16": 16, "0": -1, "-1": -1, "many": -1, "1.5": -1} {
		db, err := databaseFrom("", environment(append(append([]string{}, onAWS...), "DB_CONNECTIONS="+value)...), "DB_USER")
		if got := db.connections; err != nil && want != -1 || err == nil && got != want {
			t.Errorf("DB_CONNECTIONS=%s: %d and error %v, want %d", value, got, err, want)
		}
	}
}

func TestDatabaseFrom(t *testing.T) {
	const dsn = "app:pw@tcp(127.0.0.1:3307)/local"
	env := func(lines ...string) []string { return append(append([]string{}, onAWS...), lines...) }
	tests := []struct {
		name string
		dsn  string
		env  []string
		want string // as it is logged
	}{
		{"environment", "", env("DB_PORT="), "[host=127.0.0.1:3306 reader= schema=fieldreports user=api]"},
		{"reader", "", env("DB_READER_HOST=ro.example.com"), "[host=127.0.0.1:1 reader=ro.example.com schema=fieldreports user=api]"},
		{"IPv6", "", env("DB_HOST=::1"), "[host=[::1]:1 reader= schema=fieldreports user=api]"},
		{"DSN before the environment", dsn, env(), "[host=127.0.0.1:3307 schema=local user=app]"},
		{"DSN of the environment", "", env("DB_DSN=" + dsn), "[host=127.0.0.1:3307 schema=local user=app]"},
		{"DSN before that of the environment", dsn, env("DB_DSN=x:y@tcp(h)/other"), "[host=127.0.0.1:3307 schema=local user=app]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db, err := databaseFrom(test.dsn, environment(test.env...), "DB_USER")
			if err != nil {
				t.Fatal(err)
			}
			if got := db.LogValue().String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
