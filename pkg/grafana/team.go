package grafana

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// Member is a member of a team: Grafana's user.
type Member struct {
	Login string `json:"login"`
	Email string `json:"email"`
}

// Members lists the members of the team of a name. The token needs the permissions
// teams:read and, for the members, teams.permissions:read. A team that is not there is a
// failure with the code NotFound.
func (c *Client) Members(ctx context.Context, a Access, name string) ([]Member, error) {
	var found struct {
		Teams []struct {
			ID   int64  `json:"id"`
			Name string `json:"name"`
		} `json:"teams"`
	}
	if err := c.ask(ctx, a, http.MethodGet, "/api/teams/search?perpage=2&name="+url.QueryEscape(name), nil, &found); err != nil {
		return nil, err
	}
	for _, team := range found.Teams {
		if team.Name != name {
			continue
		}
		var members []Member
		err := c.ask(ctx, a, http.MethodGet, "/api/teams/"+strconv.FormatInt(team.ID, 10)+"/members", nil, &members)
		return members, err
	}
	return nil, failure.New(failure.NotFound, "Grafana has no team of this name", failure.Hint{})
}
