package sqltext

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An Assignment is a part of a SET: a session variable in lower case, or @name,
// and the text of its value.
type Assignment struct{ Name, Value string }

// own are the variables that noren itself sets before every statement.
var own = strings.Fields(`autocommit completion_type idle_transaction_timeout idle_write_transaction_timeout idle_readonly_transaction_timeout innodb_lock_wait_timeout
	interactive_timeout lock_wait_timeout max_execution_time max_statement_time net_read_timeout net_write_timeout sql_log_bin wait_timeout`)

// free are the session variables that a migration may set.
var free = strings.Fields(`alter_algorithm auto_increment_increment auto_increment_offset big_tables bulk_insert_buffer_size character_set_client character_set_connection
	character_set_results collation_connection cte_max_recursion_depth default_collation_for_utf8mb4 default_storage_engine default_tmp_storage_engine default_week_format div_precision_increment
	eq_range_index_dive_limit explicit_defaults_for_timestamp foreign_key_checks group_concat_max_len information_schema_stats_expiry innodb_ddl_buffer_size
	innodb_ddl_threads innodb_parallel_read_threads innodb_strict_mode innodb_table_locks internal_tmp_mem_storage_engine join_buffer_size lc_messages lc_time_names
	max_allowed_packet max_error_count max_heap_table_size max_length_for_sort_data max_recursive_iterations max_sort_length myisam_sort_buffer_size
	new note_verbosity old_alter_table old_mode optimizer_switch print_identified_with_as_hex read_buffer_size read_rnd_buffer_size restrict_fk_on_non_standard_key show_create_table_skip_secondary_engine
	show_create_table_verbosity sort_buffer_size sql_auto_is_null sql_big_selects sql_buffer_result sql_generate_invisible_primary_key sql_mode sql_notes sql_quote_show_create sql_require_primary_key
	sql_safe_updates sql_select_limit sql_warnings system_versioning_alter_history system_versioning_insert_history time_zone timestamp tmp_table_size transaction_isolation tx_isolation unique_checks updatable_views_with_limit
	use_secondary_engine alter_check check_constraint_checks`)

// charsets are the client character sets in which no byte of a multi-byte
// character is a quote or a backslash.
var charsets = strings.Fields(`utf8mb4 utf8mb3 utf8 latin1 ascii binary default`)

// modes are the values of sql_mode that do not change quotes, backslashes and the
// grammar.
var modes = strings.Fields(`ALLOW_INVALID_DATES ERROR_FOR_DIVISION_BY_ZERO HIGH_NOT_PRECEDENCE NO_AUTO_CREATE_USER NO_AUTO_VALUE_ON_ZERO NO_DIR_IN_CREATE
	NO_ENGINE_SUBSTITUTION NO_UNSIGNED_SUBTRACTION NO_ZERO_DATE NO_ZERO_IN_DATE ONLY_FULL_GROUP_BY PAD_CHAR_TO_FULL_LENGTH STRICT_ALL_TABLES
	STRICT_TRANS_TABLES TIME_TRUNCATE_FRACTIONAL TRADITIONAL SIMULTANEOUS_ASSIGNMENT TIME_ROUND_FRACTIONAL`)

// set reads SET, which assigns to a session variable a literal, or the value of
// another variable. The executed statement is rewritten from what was read.
func (p *parser) set() {
	p.s.Kind = Session
	if p.sees("STATEMENT") && !p.ahead(1).is("=") {
		p.fail(errors.New("SET STATEMENT is not for a migration: write SET, then the statement"))
		return
	}
	if p.peek().is("PASSWORD", "ROLE", "TRANSACTION", "RESOURCE") || p.sees("DEFAULT", "ROLE") || p.peek().is("SESSION", "LOCAL") && p.ahead(1).is("TRANSACTION") {
		p.fail(fmt.Errorf("%s is not for a migration: it may only set variables of the session", firstWords(p.s.SQL)))
		return
	}
	for p.err == nil {
		switch {
		case p.take("NAMES"), p.take("CHARACTER", "SET"), p.take("CHARSET"):
			p.setNames()
		default:
			p.assignment()
		}
		if !p.take(",") {
			break
		}
	}
	if p.err == nil && p.at < len(p.words) {
		p.unknown()
	}
	var parts []string
	for _, a := range p.s.Assignments {
		if slices.Contains(own, a.Name) {
			p.s.Own = append(p.s.Own, a.Name)
			continue
		}
		if a.Name == "names" {
			parts = append(parts, "NAMES "+a.Value)
			continue
		}
		parts = append(parts, a.Name+" = "+a.Value)
	}
	p.s.SQL = ""
	if len(parts) > 0 {
		p.s.SQL = "SET " + strings.Join(parts, ", ")
	}
}

// setNames reads the character set of the client.
func (p *parser) setNames() {
	p.take("=")
	value := p.charset()
	if p.take("COLLATE") {
		start := p.peek().start
		p.value()
		if p.err == nil {
			value += " COLLATE " + p.s.SQL[start:p.previous().end()]
		}
	}
	p.s.Assignments = append(p.s.Assignments, Assignment{"names", value})
}

func (p *parser) charset() string {
	t := p.peek()
	if !slices.Contains(charsets, strings.ToLower(strings.Trim(t.text, "'\"`"))) {
		p.unknown()
		return ""
	}
	p.at++
	return t.text
}

// assignment reads variable = literal, @name = literal, or either = @name or
// @@variable.
func (p *parser) assignment() {
	name := ""
	switch {
	case p.take("@", "@"):
		if p.peek().is("GLOBAL", "PERSIST", "PERSIST_ONLY") && p.ahead(1).is(".") {
			p.fail(p.moreThanTheSession())
			return
		}
		if p.peek().is("SESSION", "LOCAL") && p.ahead(1).is(".") {
			p.at += 2
		}
		name = p.variable()
	case p.sees("@"):
		name = p.userVariable()
	case p.peek().is("GLOBAL", "PERSIST", "PERSIST_ONLY"):
		p.fail(p.moreThanTheSession())
		return
	default:
		if p.peek().is("SESSION", "LOCAL") && !p.ahead(1).is("=", ":") {
			p.at++
		}
		name = p.variable()
	}
	if !p.take("=") {
		p.need(":", "=")
	}
	start := p.peek().start
	switch {
	case p.take("@", "@"):
		if p.peek().is("SESSION", "LOCAL", "GLOBAL") && p.ahead(1).is(".") {
			p.at += 2
		}
		if p.peek().is(ofBefore...) {
			p.fail(OfBefore("@@" + strings.ToLower(p.peek().text)))
			return
		}
		p.name()
	case p.sees("@"):
		p.userVariable()
	default:
		p.literal()
	}
	if p.err != nil {
		return
	}
	value := p.s.SQL[start:p.previous().end()]
	if err := allowed(name, value); err != nil {
		p.fail(err)
		return
	}
	p.s.Assignments = append(p.s.Assignments, Assignment{name, value})
}

// OfBefore says why a statement must not use a function or variable that depends
// on the previous statement.
func OfBefore(name string) error {
	return fmt.Errorf("%s is not for a migration: it tells something of the statement before it in the same session, which a run that resumes does not have; find the row by what is in it", name)
}

func (p *parser) moreThanTheSession() error {
	return fmt.Errorf("%s is not for a migration: it changes more than the session", firstWords(p.s.SQL))
}

// variable reads the name of a variable that a migration may set, or that noren
// sets.
func (p *parser) variable() string {
	t := p.peek()
	name := strings.ToLower(strings.Trim(t.text, "`"))
	if !slices.Contains(own, name) && !slices.Contains(free, name) {
		if t.kind == word || t.kind == identifier {
			p.fail(fmt.Errorf("%s is not for a migration: noren does not know the variable %q as one of the session that does no harm", firstWords(p.s.SQL), t.text))
			return ""
		}
		p.unknown()
		return ""
	}
	p.at++
	return name
}

func (p *parser) userVariable() string {
	start := p.peek().start
	p.need("@")
	if t := p.peek(); p.err == nil && t.kind != word && t.kind != identifier && t.kind != quoted {
		p.unknown()
		return ""
	}
	p.at++
	for p.sees(".") && p.ahead(1).kind == word { // @a.b is a single name
		p.at += 2
	}
	return p.s.SQL[start:p.previous().end()]
}

// literal reads a number, a string or a word such as ON, DEFAULT or utf8mb4.
func (p *parser) literal() {
	t := p.peek()
	switch {
	case t.is("-", "+"):
		p.at++
		p.number()
	case t.kind == quoted, t.kind == word && strings.HasPrefix(t.text, "_"):
		p.text()
	case t.is("N", "X", "B") && p.ahead(1).kind == quoted:
		p.at += 2
	case t.kind == word && digits(t.text):
		p.number()
	case t.kind == word && !p.ahead(1).is("(", "."):
		p.at++
	default:
		p.unknown()
	}
}

// allowed says why a variable must not have a value; nil if it may. The value of
// another variable is checked after the SET.
func allowed(name, value string) error {
	literal := strings.Trim(value, "'\"")
	if strings.HasPrefix(value, "@") {
		return nil
	}
	switch name {
	case "sql_mode":
		for mode := range strings.SplitSeq(literal, ",") {
			mode = strings.ToUpper(strings.TrimSpace(mode))
			if mode != "" && mode != "DEFAULT" && !slices.Contains(modes, mode) {
				return fmt.Errorf("the sql_mode %q is not for a migration: it changes what quotes, backslashes or words mean", mode)
			}
		}
	case "character_set_client", "character_set_connection":
		if !slices.Contains(charsets, strings.ToLower(literal)) {
			return fmt.Errorf("the character set %q is not for a migration: want one of %s", literal, strings.Join(charsets, ", "))
		}
	}
	return nil
}

// SafeMode reports whether a session's sql_mode leaves the meaning of text alone.
func SafeMode(mode string) bool {
	for _, bad := range []string{"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ORACLE", "IGNORE_SPACE", "MSSQL", "DB2", "POSTGRESQL", "MAXDB", "EMPTY_STRING_IS_NULL"} {
		if strings.Contains(mode, bad) {
			return false
		}
	}
	return true
}

// SafeCharset reports whether a client's character set leaves quotes and
// backslashes alone.
func SafeCharset(charset string) bool { return slices.Contains(charsets, strings.ToLower(charset)) }
