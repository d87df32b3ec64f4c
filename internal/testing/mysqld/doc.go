// Package mysqld starts MySQL and MariaDB servers for tests with the build tag
// mysql.
package mysqld
