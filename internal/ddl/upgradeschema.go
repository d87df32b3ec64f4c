package ddl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// newWords are the words that MySQL 8.4 reserves and 8.0 does not. Source:
// https://dev.mysql.com/doc/refman/8.4/en/keywords.html
var newWords = []string{"MANUAL", "PARALLEL", "QUALIFY", "TABLESAMPLE"}

// upgradeForeignKeys finds foreign keys on columns that are not a whole unique
// key. They continue to work, but 8.4 creates no new ones
// (restrict_fk_on_non_standard_key): neither loading a dump nor an ALTER that
// recreates the table succeeds.
func upgradeForeignKeys(ctx context.Context, d *Database) (UpgradeFinding, error) {
	columns := func(query string) (map[string][]string, error) {
		rows, err := d.pool.QueryContext(ctx, query)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		all := map[string][]string{}
		for rows.Next() {
			var of, column string
			if err := rows.Scan(&of, &column); err != nil {
				return nil, err
			}
			all[of] = append(all[of], strings.ToLower(column))
		}
		return all, rows.Err()
	}
	// Names could be joined directly if identifiers had no dots.
	const sep = "CHAR(0)"
	references, err := columns("SELECT CONCAT_WS(" + sep + ", table_schema, table_name, constraint_name, referenced_table_schema, referenced_table_name), referenced_column_name" +
		" FROM information_schema.key_column_usage WHERE referenced_table_name IS NOT NULL AND " + ofUsers("table_schema") + " ORDER BY 1, position_in_unique_constraint, ordinal_position")
	if err != nil {
		return UpgradeFinding{}, err
	}
	// A prefix of a column is not the column.
	keys, err := columns("SELECT CONCAT_WS(" + sep + ", table_schema, table_name, index_name), CONCAT(COALESCE(column_name, ''), IF(sub_part IS NULL, '', CONCAT(' ', sub_part)))" +
		" FROM information_schema.statistics WHERE non_unique = 0 AND " + ofUsers("table_schema") + " ORDER BY 1, seq_in_index")
	if err != nil {
		return UpgradeFinding{}, err
	}
	unique := map[string][][]string{} // by schema and table
	for of, key := range keys {
		table := of[:strings.LastIndex(of, "\x00")]
		unique[table] = append(unique[table], key)
	}
	var found []string
	for of, key := range references {
		parts := strings.Split(of, "\x00")
		if !slices.ContainsFunc(unique[parts[3]+"\x00"+parts[4]], func(u []string) bool { return slices.Equal(u, key) }) {
			found = append(found, fmt.Sprintf("%s.%s: %s refers to %s.%s (%s)", parts[0], parts[1], parts[2], parts[3], parts[4], strings.Join(key, ", ")))
		}
	}
	return some(found, UpgradeWarning, "foreign keys refer to columns that are not a whole unique key; 8.4 keeps them and makes no new ones, so that a dump of them cannot be restored",
		"refer to a unique key, or make these columns one", "all refer to a whole unique key")
}

// upgradeAutoIncrement finds AUTO_INCREMENT on numbers that are not integers,
// which 8.4 does not support: the upgrade is refused.
func upgradeAutoIncrement(ctx context.Context, d *Database) (UpgradeFinding, error) {
	found, err := collect[string](ctx, d.pool, "SELECT CONCAT(table_schema, '.', table_name, '.', column_name, ' ', column_type) FROM information_schema.columns WHERE extra LIKE '%auto_increment%' AND data_type IN ('float', 'double', 'decimal') AND "+ofUsers("table_schema"))
	if err != nil {
		return UpgradeFinding{}, err
	}
	return some(found, UpgradeBlocks, "AUTO_INCREMENT of numbers that are not whole", "make the columns BIGINT", "only of whole numbers")
}

// upgradePartitions finds tables that are partitioned by KEY on a column of which
// an index covers only a prefix: the upgrade is refused.
func upgradePartitions(ctx context.Context, d *Database) (UpgradeFinding, error) {
	found, err := collect[string](ctx, d.pool, "SELECT DISTINCT CONCAT(p.table_schema, '.', p.table_name, '.', s.column_name) FROM information_schema.partitions p"+
		" JOIN information_schema.statistics s ON s.table_schema = p.table_schema AND s.table_name = p.table_name AND s.sub_part IS NOT NULL"+
		" WHERE (p.partition_method LIKE '%KEY' AND FIND_IN_SET(CONCAT('`', s.column_name, '`'), REPLACE(p.partition_expression, ', ', ',')) > 0"+
		" OR p.subpartition_method LIKE '%KEY' AND FIND_IN_SET(CONCAT('`', s.column_name, '`'), REPLACE(p.subpartition_expression, ', ', ',')) > 0) AND "+ofUsers("p.table_schema"))
	if err != nil {
		return UpgradeFinding{}, err
	}
	return some(found, UpgradeBlocks, "tables are partitioned by KEY on a column that an index has a prefix of", "partition them otherwise", "none by KEY on the prefix of a column")
}

// oldPlugins are the authentication plugins that 8.4 does not have.
var oldPlugins = []string{"mysql_old_password", "authentication_fido", "authentication_fido_client"}

// upgradeAccounts finds accounts whose authentication plugin is removed or
// deprecated.
func upgradeAccounts(ctx context.Context, d *Database) (UpgradeFinding, error) {
	rows, err := d.pool.QueryContext(ctx, "SELECT CONCAT('''', user, '''@''', host, ''''), plugin FROM mysql.user WHERE user NOT LIKE 'mysql.%' AND user <> 'rdsadmin'")
	if err != nil {
		return UpgradeFinding{}, err
	}
	defer rows.Close()
	var gone, going []string
	for rows.Next() {
		var account, plugin string
		if err := rows.Scan(&account, &plugin); err != nil {
			return UpgradeFinding{}, err
		}
		switch {
		case slices.Contains(oldPlugins, plugin):
			gone = append(gone, account+" "+plugin)
		case plugin == "mysql_native_password" || plugin == "sha256_password":
			going = append(going, account+" "+plugin)
		}
	}
	if err := rows.Err(); err != nil {
		return UpgradeFinding{}, err
	}
	const do = "ALTER USER ... IDENTIFIED WITH caching_sha2_password, or AWSAuthenticationPlugin"
	if len(gone) > 0 {
		return some(append(gone, going...), UpgradeBlocks, "accounts log in by a plugin that 8.4 does not have", do, "")
	}
	return some(going, UpgradeWarning, "accounts log in by a plugin that 8.4 still has and a later version has not", do, "none logs in by an old plugin")
}

// upgradeWords finds names that 8.4 reserves. They stay valid in backquotes.
func upgradeWords(ctx context.Context, d *Database) (UpgradeFinding, error) {
	list := "('" + strings.Join(newWords, "', '") + "')"
	var selects []string
	for _, part := range []struct{ kind, from, schema, of, name string }{
		{"schema", "schemata", "schema_name", "''", "schema_name"},
		{"table", "tables", "table_schema", "''", "table_name"},
		{"column", "columns", "table_schema", "table_name", "column_name"},
		{"routine", "routines", "routine_schema", "''", "routine_name"},
		{"trigger", "triggers", "trigger_schema", "event_object_table", "trigger_name"},
		{"event", "events", "event_schema", "''", "event_name"},
	} {
		selects = append(selects, fmt.Sprintf("SELECT CONCAT_WS('.', '%s ', %s, NULLIF(%s, ''), %s) FROM information_schema.%s WHERE UPPER(%[4]s) IN %[6]s AND %[7]s",
			part.kind, part.schema, part.of, part.name, part.from, list, ofUsers(part.schema)))
	}
	found, err := collect[string](ctx, d.pool, strings.Join(selects, " UNION ALL "))
	if err != nil {
		return UpgradeFinding{}, err
	}
	for i, object := range found {
		found[i] = strings.Replace(object, " .", " ", 1)
	}
	return some(found, UpgradeWarning, "names are words that 8.4 reserves", "write them in backquotes wherever they are used, the application's statements included", "none of "+strings.Join(newWords, ", "))
}

// upgradeRoutines finds bodies of routines, triggers and events that use, without
// backquotes, a word that 8.4 reserves: they fail after the upgrade.
func upgradeRoutines(ctx context.Context, d *Database) (UpgradeFinding, error) {
	rows, err := d.pool.QueryContext(ctx, "SELECT CONCAT(LOWER(routine_type), ' ', routine_schema, '.', routine_name), routine_definition FROM information_schema.routines WHERE "+ofUsers("routine_schema")+
		" UNION ALL SELECT CONCAT('trigger ', trigger_schema, '.', trigger_name), action_statement FROM information_schema.triggers WHERE "+ofUsers("trigger_schema")+
		" UNION ALL SELECT CONCAT('event ', event_schema, '.', event_name), event_definition FROM information_schema.events WHERE "+ofUsers("event_schema"))
	if err != nil {
		return UpgradeFinding{}, err
	}
	defer rows.Close()
	var found, hidden []string
	for rows.Next() {
		var object string
		var body *string
		if err := rows.Scan(&object, &body); err != nil {
			return UpgradeFinding{}, err
		}
		if body == nil {
			hidden = append(hidden, object)
		} else if words := sqltext.BareWords(*body, newWords...); len(words) > 0 {
			found = append(found, object+": "+strings.Join(words, ", "))
		}
	}
	if err := rows.Err(); err != nil {
		return UpgradeFinding{}, err
	}
	if len(found) == 0 && len(hidden) > 0 {
		return UpgradeFinding{Level: UpgradeUnknown, Found: "the user may not read the bodies of all routines", Objects: hidden, Do: "ask as a user with SHOW_ROUTINE"}, nil
	}
	return some(found, UpgradeBlocks, "bodies use words that 8.4 reserves, and fail after the upgrade", "put the words in backquotes", "none uses a word that 8.4 reserves")
}
