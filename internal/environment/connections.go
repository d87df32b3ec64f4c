package environment

// connectionShare is the share of a database instance's connections that the
// service may use: the alarm goes off at 80 %, and a person or a schema change
// must still be able to connect.
const connectionShare = 0.75

// MaxConnections returns the default maximum number of connections of an instance
// at MaxCapacity. Source:
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html#aurora-serverless-v2.max-connections
func (d Database) MaxConnections() int {
	connections := 90
	for _, step := range []struct {
		capacity    float64
		connections int
	}{{4, 135}, {8, 1000}, {16, 2000}, {32, 3000}, {64, 4000}, {128, 5000}, {192, 6000}} {
		if d.MaxCapacity >= step.capacity {
			connections = step.connections
		}
	}
	return connections
}

// ConnectionsPerPool returns how many connections a task may open to each of its
// database hosts. A rolling deploy runs twice MaxTasks, and after a failover the
// readers' host can be the writer: even then the instance has room.
func (e Environment) ConnectionsPerPool() int {
	const most = 20 // more than the requests of a task of any size here need
	return min(most, int(connectionShare*float64(e.Database.MaxConnections()))/e.connectionPools())
}

// connectionPools returns the maximum number of pools at the same time.
func (e Environment) connectionPools() int {
	pools := 2 * e.API.MaxTasks
	if e.Database.Readers > 0 {
		pools *= 2
	}
	return pools
}

// checkConnections checks the number of tasks against the connections of the
// database.
func (c *checker) checkConnections() {
	const key = "api.maxTasks"
	env := c.env
	if !c.decoder.sound(key, "api.minTasks", "database.maxCapacity", "database.readers") || env.ConnectionsPerPool() >= 1 {
		return
	}
	usable := int(connectionShare * float64(env.Database.MaxConnections()))
	perTask := env.connectionPools() / env.API.MaxTasks
	c.fail(key, "want at most %d with database.maxCapacity %v: an instance takes %d connections, a deploy runs twice the tasks, and each needs one to the writer and, with readers, one more; got %d",
		usable/perTask, env.Database.MaxCapacity, env.Database.MaxConnections(), env.API.MaxTasks)
}
