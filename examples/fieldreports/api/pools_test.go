package main

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestPoolsLogInWithTokens checks that the API logs in with an IAM token of its
// role, signed for this endpoint, and sends it only to a server with a
// certificate of the CA.
func TestPoolsLogInWithTokens(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDTASK")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "k")
	ours, other := newAuthority(t), newAuthority(t)
	later := time.Now().Add(time.Hour)
	writer, heardWriter := fakeMySQL(t, ours.server(t, "localhost", later))
	reader, heardReader := fakeMySQL(t, ours.server(t, "127.0.0.1", later))
	impostor, heardImpostor := fakeMySQL(t, other.server(t, "localhost", later))

	open := func(port, readerHost string) pools {
		db := database{host: "localhost", port: port, reader: readerHost, schema: "fieldreports", user: "api", ca: ours.file(t), region: "eu-west-1"}
		p, err := db.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.close)
		return p
	}
	token := regexp.MustCompile(`^(?s).*\x00api\x00.*localhost:` + writer + `\?Action=connect&DBUser=api&.*Credential=AKIDTASK%2F\d{8}%2Feu-west-1%2Frds-db%2Faws4_request`)
	_ = open(writer, "").writer.PingContext(t.Context())
	if got := <-heardWriter; !token.MatchString(got) {
		t.Errorf("got login %q, want an IAM token for the writer", got)
	}
	// The reader has its own name, and its token is signed for that name.
	_ = open(reader, "127.0.0.1").reader.PingContext(t.Context())
	if got := <-heardReader; !strings.Contains(got, "127.0.0.1:"+reader+"?Action=connect") {
		t.Errorf("got login %q, want an IAM token for the reader", got)
	}
	err := open(impostor, "").writer.PingContext(t.Context())
	if got := <-heardImpostor; strings.Contains(got, "Action") || err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("an impostor heard %q, and the error is %v", got, err)
	}
}

// TestPoolsWithoutAReader checks that there is one pool if there is no reader.
func TestPoolsWithoutAReader(t *testing.T) {
	db, err := databaseFrom("root@tcp(127.0.0.1:1)/x", environment())
	if err != nil {
		t.Fatal(err)
	}
	p, err := db.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if p.reader != p.writer {
		t.Error("the reader is another pool than the writer")
	}
}
