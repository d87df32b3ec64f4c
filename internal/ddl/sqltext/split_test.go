package sqltext

import (
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		name string
		file string
		want []string
	}{
		{"nothing", " \n-- only a comment; with a semicolon\n", nil},
		{"two statements", "ALTER TABLE a ADD b INT;\nDROP TABLE c;\n", []string{"ALTER TABLE a ADD b INT", "DROP TABLE c"}},
		{"no semicolon at the end", "DROP TABLE a;DROP TABLE b", []string{"DROP TABLE a", "DROP TABLE b"}},
		{"strings", `INSERT INTO a VALUES ('x;''y\';', "p;""q\";");SELECT 1`, []string{`INSERT INTO a VALUES ('x;''y\';', "p;""q\";")`, "SELECT 1"}},
		{"identifiers", "DROP TABLE `a;``b\\`;DROP TABLE c", []string{"DROP TABLE `a;``b\\`", "DROP TABLE c"}},
		{"comments", "DROP /* ; */ TABLE # ;\n a; -- ;\nDROP TABLE b--1;", []string{"DROP /* ; */ TABLE # ;\n a", "DROP TABLE b--1"}},
		{"comments around", "/* before */ DROP TABLE a /* after */; /* then */", []string{"DROP TABLE a"}},
		{"conditional comment", "/*!40101 SET NAMES utf8mb4; */;DROP TABLE a", []string{"/*!40101 SET NAMES utf8mb4; */", "DROP TABLE a"}},
		{"delimiter", "DELIMITER //\nCREATE TRIGGER t BEGIN a; b; END//\ndelimiter ;\nDROP TABLE a;", []string{"CREATE TRIGGER t BEGIN a; b; END", "DROP TABLE a"}},
		{"a block and a case that begin after an end", "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN BEGIN b; END; IF c THEN d; END IF; BEGIN e; END; CASE f WHEN 1 THEN g; END CASE; END; DROP TABLE a;",
			[]string{"CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN BEGIN b; END; IF c THEN d; END IF; BEGIN e; END; CASE f WHEN 1 THEN g; END CASE; END", "DROP TABLE a"}},
		{"columns called event and begin", "CREATE TABLE t (event INT, begin INT); DROP TABLE a;", []string{"CREATE TABLE t (event INT, begin INT)", "DROP TABLE a"}},
		{"delimiter glued to a word", "DELIMITER $$\nCREATE PROCEDURE p() BEGIN END$$\nDELIMITER ;\n", []string{"CREATE PROCEDURE p() BEGIN END"}},
		{"delimiter as a name", "DROP TABLE delimiter; DROP TABLE a", []string{"DROP TABLE delimiter", "DROP TABLE a"}},
		{"windows lines", "DROP TABLE a;\r\nDELIMITER //\r\nDROP TABLE b//\r\n", []string{"DROP TABLE a", "DROP TABLE b"}},
		{"not ASCII", "COMMENT 'é；';DROP TABLE é", []string{"COMMENT 'é；'", "DROP TABLE é"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pieces, err := Split(test.file)
			if err != nil {
				t.Fatal(err)
			}
			if got := statements(pieces); !slices.Equal(got, test.want) {
				t.Errorf("got %q\nwant %q", got, test.want)
			}
			if got := joined(pieces); got != test.file {
				t.Errorf("the pieces joined are %q, want the file", got)
			}
		})
	}
}

func TestSplitLines(t *testing.T) {
	pieces, err := Split("-- one\n\nDROP TABLE a;\n/* four\n*/ DROP\nTABLE b;")
	if err != nil {
		t.Fatal(err)
	}
	if got := []int{pieces[0].Line, pieces[1].Line}; !slices.Equal(got, []int{3, 5}) {
		t.Errorf("got lines %v, want 3 and 5", got)
	}
}

func TestSplitRefusesWhatNothingCloses(t *testing.T) {
	for file, want := range map[string]string{
		"DROP TABLE a;\nINSERT INTO a VALUES ('x);": "line 2: nothing closes the string that begins with '",
		"DROP TABLE `a;":              "line 1: nothing closes the name that begins with `",
		"\n\n/* DROP TABLE a;":        "line 3: nothing closes the comment /*",
		"DROP TABLE a;\nDELIMITER \n": "line 2: DELIMITER names no delimiter",
	} {
		if _, err := Split(file); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", file, err, want)
		}
	}
}

// FuzzSplit checks that for any file splitting ends, and neither loses nor adds
// anything.
func FuzzSplit(f *testing.F) {
	for _, file := range []string{
		"ALTER TABLE `a` ADD b INT DEFAULT 'x;'; DROP TABLE c;",
		"DELIMITER //\nCREATE TRIGGER t BEGIN; END//\nDELIMITER ;\n",
		"/*!40101 SET x=1 */;-- c\n#d\n/* e */", "'\\", "\"\"\"", "``", "--", "/*", "DELIMITER", "DELIMITER  \n;", "$$", "\x00\xff;",
		"DELIMITER -- \nx-- y", "DELIMITER '\nx'y'",
	} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file string) {
		for _, w := range words(file) {
			if file[w.start:w.end()] != w.text {
				t.Fatalf("the word %q is not at %d", w.text, w.start)
			}
		}
		pieces, err := Split(file)
		if err != nil {
			return
		}
		if got := joined(pieces); got != file {
			t.Fatalf("the pieces joined are %q, want %q", got, file)
		}
		for _, piece := range pieces {
			if !strings.Contains(piece.Raw, piece.SQL) {
				t.Fatalf("the statement %q is not in its piece %q", piece.SQL, piece.Raw)
			}
			_, _ = Parse(piece.SQL, mysql8) // must not panic
		}
	})
}

func statements(pieces []Piece) []string {
	var all []string
	for _, piece := range pieces {
		if piece.SQL != "" {
			all = append(all, piece.SQL)
		}
	}
	return all
}

func joined(pieces []Piece) string {
	var all strings.Builder
	for _, piece := range pieces {
		all.WriteString(piece.Raw)
	}
	return all.String()
}
