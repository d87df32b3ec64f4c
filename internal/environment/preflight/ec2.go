package preflight

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// ec2Client makes a few EC2 calls. The SDK's EC2 package has six hundred
// operations, and compiling it takes a minute and two gigabytes.
type ec2Client struct{ cfg aws.Config }

type region struct {
	Name        string `xml:"regionName"`
	OptInStatus string `xml:"optInStatus"`
}

type zone struct {
	Name  string `xml:"zoneName"`
	ID    string `xml:"zoneId"`
	State string `xml:"zoneState"`
}

type prefixList struct {
	ID         string `xml:"prefixListId"`
	Name       string `xml:"prefixListName"`
	MaxEntries int    `xml:"maxEntries"`
}

func (c ec2Client) regions(ctx context.Context, name string) (regions []region, err error) {
	var out struct {
		Items []region `xml:"regionInfo>item"`
	}
	err = c.ask(ctx, "DescribeRegions", url.Values{"AllRegions": {"true"}, "RegionName.1": {name}}, &out)
	return out.Items, err
}

func (c ec2Client) zones(ctx context.Context) (zones []zone, err error) {
	var out struct {
		Items []zone `xml:"availabilityZoneInfo>item"`
	}
	err = c.ask(ctx, "DescribeAvailabilityZones", url.Values{"Filter.1.Name": {"zone-type"}, "Filter.1.Value.1": {"availability-zone"}}, &out)
	return out.Items, err
}

func (c ec2Client) prefixLists(ctx context.Context, which url.Values) (lists []prefixList, err error) {
	var out struct {
		Items []prefixList `xml:"prefixListSet>item"`
	}
	err = c.ask(ctx, "DescribeManagedPrefixLists", which, &out)
	return out.Items, err
}

func (c ec2Client) vpcs(ctx context.Context) (count int, err error) {
	var out struct {
		Items []struct{} `xml:"vpcSet>item"`
	}
	err = c.ask(ctx, "DescribeVpcs", nil, &out)
	return len(out.Items), err
}

func (c ec2Client) addresses(ctx context.Context) (count int, err error) {
	var out struct {
		Items []struct{} `xml:"addressesSet>item"`
	}
	err = c.ask(ctx, "DescribeAddresses", nil, &out)
	return len(out.Items), err
}

// ec2Tries is how often a call is tried that EC2 throttles or fails.
const ec2Tries = 3

// ask calls an action and decodes the answer into out.
func (c ec2Client) ask(ctx context.Context, action string, parameters url.Values, out any) error {
	form := url.Values{"Action": {action}, "Version": {"2016-11-15"}}
	for name, values := range parameters {
		form[name] = values
	}
	var body []byte
	var status int
	for try := range ec2Tries {
		var err error
		if status, body, err = c.send(ctx, form.Encode()); err != nil {
			return err
		}
		if status < http.StatusInternalServerError || try == ec2Tries-1 {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second << try):
		}
	}
	if status == http.StatusOK {
		return xml.Unmarshal(body, out)
	}
	var refused struct {
		Code    string `xml:"Errors>Error>Code"`
		Message string `xml:"Errors>Error>Message"`
	}
	if err := xml.Unmarshal(body, &refused); err != nil || refused.Code == "" {
		return fmt.Errorf("%s: EC2 answers %d", action, status)
	}
	return &smithy.GenericAPIError{Code: refused.Code, Message: refused.Message}
}

// send signs a request and sends it.
func (c ec2Client) send(ctx context.Context, form string) (status int, body []byte, err error) {
	endpoint := "https://ec2." + c.cfg.Region + ".amazonaws.com"
	if base := aws.ToString(c.cfg.BaseEndpoint); base != "" {
		endpoint = base
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/", bytes.NewReader([]byte(form)))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	request.Header.Set("Content-Length", strconv.Itoa(len(form)))
	credentials, err := c.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return 0, nil, err
	}
	sum := sha256.Sum256([]byte(form))
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "ec2", c.cfg.Region, time.Now()); err != nil {
		return 0, nil, err
	}
	var client interface {
		Do(*http.Request) (*http.Response, error)
	} = http.DefaultClient
	if c.cfg.HTTPClient != nil {
		client = c.cfg.HTTPClient
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, 10<<20))
	return response.StatusCode, body, err
}
