package sqltext

import (
	"slices"
	"strings"
)

// parenthesized reads ( expression, ... ) of a check, a generated column, a
// default, a key or a partition. It may contain columns of the table and
// functions that only calculate.
func (p *parser) parenthesized() {
	p.need("(")
	operand := false // whether the last word was an operand
	for depth := 1; p.err == nil && depth > 0; {
		t := p.peek()
		switch {
		case t.is("("):
			depth++
			p.at++
			operand = false
		case t.is(")"):
			depth--
			p.at++
			operand = true
		case t.kind == mark && strings.ContainsAny(t.text, "+-*/%<>=!|&^~,"):
			p.at++
			operand = false
		case t.is(".") && p.decimal():
			p.at++
			operand = false
		case t.kind == quoted:
			p.at++
			operand = true
		case t.kind == word && p.ahead(1).is("("):
			if operand && !t.is(between...) || !t.is(before...) && !slices.Contains(functions, strings.ToUpper(t.text)) {
				p.unknown()
				return
			}
			p.at++
			operand = false
		case t.kind == word && t.is(between...):
			p.at++
			operand = false
		case t.kind == word && t.is(units...):
			p.at++
			operand = true
		case t.kind == word && strings.HasPrefix(t.text, "_") && p.ahead(1).kind == quoted, t.is("N", "X", "B", "DATE", "TIME", "TIMESTAMP") && p.ahead(1).kind == quoted:
			p.at++
		case t.kind == word || t.kind == identifier:
			if operand || t.is(forbidden...) || p.ahead(1).is(".") && !digits(t.text) {
				p.unknown()
				return
			}
			p.at++
			operand = true
		default:
			p.unknown()
			return
		}
	}
}

// decimal reports whether the next point belongs to a number.
func (p *parser) decimal() bool {
	return p.previous().kind == word && digits(p.previous().text) && p.previous().end() == p.peek().start || digits(p.ahead(1).text)
}

func digits(text string) bool { return text != "" && text[0] >= '0' && text[0] <= '9' }

// call reads a function without operators around it: NOW(), CURRENT_TIMESTAMP(3).
func (p *parser) call() {
	t := p.peek()
	if t.kind != word || !slices.Contains(functions, strings.ToUpper(t.text)) {
		p.unknown()
		return
	}
	p.at++
	if p.take("(", ")") {
		return
	}
	if p.sees("(") {
		p.parenthesized()
	}
}

// defaultValue reads what follows DEFAULT.
func (p *parser) defaultValue() {
	switch t := p.peek(); {
	case t.is("("):
		p.parenthesized()
	case t.is("NULL", "TRUE", "FALSE") && !p.ahead(1).is("("):
		p.at++
	case t.is("-", "+"):
		p.at++
		p.number()
	case t.is(".") && digits(p.ahead(1).text):
		p.at += 2
	case t.is("N", "X", "B", "DATE", "TIME", "TIMESTAMP") && p.ahead(1).kind == quoted:
		p.at += 2
	case t.kind == quoted || t.kind == word && strings.HasPrefix(t.text, "_"):
		p.text()
	case t.kind == word && digits(t.text):
		p.number()
		if strings.HasSuffix(strings.ToLower(p.previous().text), "e") && p.takeAny("-", "+") { // 1e-5
			p.number()
		}
	default:
		p.call()
	}
}

// between are words between operands, before are words before parentheses that
// are not functions, units may follow a number, and forbidden begins another
// query.
var (
	between = strings.Fields(`AND OR XOR NOT IS IN LIKE RLIKE REGEXP BETWEEN DIV MOD CASE WHEN THEN ELSE COLLATE ESCAPE AS USING FROM FOR INTERVAL BINARY
		LEADING TRAILING BOTH SOUNDS MEMBER OF AT DISTINCT`)
	before = append(strings.Fields(`SIGNED UNSIGNED CHAR CHARACTER NCHAR VARCHAR DECIMAL NUMERIC DOUBLE FLOAT REAL DATE TIME DATETIME TIMESTAMP YEAR BINARY VARBINARY JSON`), between...)
	units  = strings.Fields(`END SIGNED UNSIGNED INTEGER INT ARRAY PRECISION CHARACTER SET CHARSET
		MICROSECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR SECOND_MICROSECOND MINUTE_MICROSECOND MINUTE_SECOND HOUR_MICROSECOND HOUR_SECOND
		HOUR_MINUTE DAY_MICROSECOND DAY_SECOND DAY_MINUTE DAY_HOUR YEAR_MONTH`)
	forbidden = strings.Fields(`SELECT TABLE VALUES VALUE WITH INTO EXISTS ALL ANY SOME UNION NEXT PREVIOUS PROCEDURE`)
)

// functions are the functions of both servers that only calculate.
var functions = strings.Fields(`ABS ACOS ADDDATE ADDTIME ADD_MONTHS AES_DECRYPT AES_ENCRYPT ASCII ASIN ATAN ATAN2 BIN BIN_TO_UUID BIT_COUNT BIT_LENGTH CAST CEIL CEILING CHAR CHARACTER_LENGTH
	CHARSET CHAR_LENGTH CHR COALESCE COERCIBILITY COLLATION COMPRESS CONCAT CONCAT_OPERATOR_ORACLE CONCAT_WS CONV CONVERT CONVERT_TZ COS COT CRC32 CRC32C CURDATE CURRENT_DATE CURRENT_TIME
	CURRENT_TIMESTAMP CURRENT_USER CURRENT_ROLE CURTIME DATABASE DATE DATEDIFF DATE_ADD DATE_FORMAT DATE_SUB DAY DAYNAME DAYOFMONTH DAYOFWEEK DAYOFYEAR DEFAULT DEGREES ELT EXP EXPORT_SET
	EXTRACT EXTRACTVALUE FIELD FIND_IN_SET FLOOR FORMAT FORMAT_BYTES FORMAT_PICO_TIME FROM_BASE64 FROM_DAYS FROM_UNIXTIME GEOMCOLLECTION GEOMETRYCOLLECTION GET_FORMAT GREATEST HEX HOUR
	IF IFNULL INET6_ATON INET6_NTOA INET_ATON INET_NTOA INSERT INSTR ISNULL IS_IPV4 IS_IPV4_COMPAT IS_IPV4_MAPPED IS_IPV6 IS_UUID JSON_ARRAY JSON_ARRAY_APPEND JSON_ARRAY_INSERT
	JSON_COMPACT JSON_CONTAINS JSON_CONTAINS_PATH JSON_DEPTH JSON_DETAILED JSON_EQUALS JSON_EXISTS JSON_EXTRACT JSON_INSERT JSON_KEYS JSON_LENGTH JSON_LOOSE JSON_MERGE JSON_MERGE_PATCH
	JSON_MERGE_PRESERVE JSON_NORMALIZE JSON_OBJECT JSON_OVERLAPS JSON_PRETTY JSON_QUERY JSON_QUOTE JSON_REMOVE JSON_REPLACE JSON_SCHEMA_VALID JSON_SEARCH JSON_SET JSON_STORAGE_SIZE
	JSON_TYPE JSON_UNQUOTE JSON_VALID JSON_VALUE LAST_DAY LCASE LEAST LEFT LENGTH LENGTHB LINESTRING LN LOCALTIME LOCALTIMESTAMP LOCATE LOG LOG10 LOG2 LOWER LPAD LTRIM MAKEDATE MAKETIME
	MAKE_SET MBRCONTAINS MBREQUALS MBRINTERSECTS MBRWITHIN MD5 MICROSECOND MID MINUTE MOD MONTH MONTHNAME MULTILINESTRING MULTIPOINT MULTIPOLYGON NATURAL_SORT_KEY NOW NULLIF NVL NVL2 OCT
	OCTET_LENGTH ORD PERIOD_ADD PERIOD_DIFF PI POINT POLYGON POSITION POW POWER QUARTER QUOTE RADIANS RAND RANDOM_BYTES REGEXP_INSTR REGEXP_LIKE REGEXP_REPLACE REGEXP_SUBSTR REPEAT REPLACE
	REVERSE RIGHT ROUND RPAD RTRIM SCHEMA SECOND SEC_TO_TIME SESSION_USER SFORMAT SHA SHA1 SHA2 SIGN SIN SOUNDEX SPACE SQRT STRCMP STR_TO_DATE ST_AREA ST_ASBINARY ST_ASGEOJSON ST_ASTEXT
	ST_CONTAINS ST_DISTANCE ST_DISTANCE_SPHERE ST_GEOHASH ST_GEOMFROMGEOJSON ST_GEOMFROMTEXT ST_GEOMFROMWKB ST_INTERSECTS ST_ISVALID ST_LATITUDE ST_LENGTH ST_LONGITUDE ST_POINTFROMTEXT
	ST_SRID ST_WITHIN ST_X ST_Y SUBDATE SUBSTR SUBSTRING SUBSTRING_INDEX SUBTIME SYSDATE SYSTEM_USER SYS_GUID TAN TIME TIMEDIFF TIMESTAMP TIMESTAMPADD TIMESTAMPDIFF TIME_FORMAT TIME_TO_SEC
	TO_BASE64 TO_CHAR TO_DAYS TO_SECONDS TO_VECTOR STRING_TO_VECTOR VECTOR_DIM VEC_FROMTEXT TRIM TRUNCATE UCASE UNCOMPRESS UNCOMPRESSED_LENGTH UNHEX UNIX_TIMESTAMP UPDATEXML UPPER USER UTC_DATE
	UTC_TIME UTC_TIMESTAMP UUID UUID_SHORT UUID_TO_BIN UUID_V4 UUID_V7 VALUES WEEK WEEKDAY WEEKOFYEAR WEIGHT_STRING YEAR YEARWEEK`)
