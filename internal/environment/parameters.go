package environment

import "strconv"

// ClusterParameters returns the values that the parameter group of the database
// cluster sets.
func (d Database) ClusterParameters() map[string]string {
	return map[string]string{
		"require_secure_transport": "ON",
		"tls_version":              "TLSv1.2,TLSv1.3",
		// A schema change on a copy catches up through the binary log. It needs
		// row format, since a statement may do different things under the two
		// definitions of a table.
		"binlog_format":                    "ROW",
		"innodb_online_alter_log_max_size": strconv.FormatInt(d.OnlineAlterLogMaxSize, 10),
		"character_set_server":             "utf8mb4",
		"collation_server":                 "utf8mb4_0900_ai_ci",
		"server_audit_logging":             "1",
		"server_audit_events":              "CONNECT,QUERY_DCL,QUERY_DDL",
	}
}

// InstanceParameters returns the values that the parameter group of its instances
// sets.
func (d Database) InstanceParameters() map[string]string {
	return map[string]string{
		"performance_schema": "1",
		// In seconds. The default is a year: a forgotten transaction would stall
		// an ALTER, and everything queued behind it, indefinitely.
		"lock_wait_timeout": "60",
		"slow_query_log":    "1",
		"long_query_time":   "1",
	}
}
