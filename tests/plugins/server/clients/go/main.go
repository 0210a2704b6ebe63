// Calls of the vendor's Go core, as its generated SDK makes them. Reads what to do from standard input, says what came.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	utils "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

type fields = map[string]any

type order struct {
	Endpoint, KeyId, KeySecret, InstanceParameters string
	Scope, Job, Sleeper                            fields
}

func connect(o order, secret string) *openapi.Client {
	client, err := openapi.NewClient(&utils.Config{
		AccessKeyId:     dara.String(o.KeyId),
		AccessKeySecret: dara.String(secret),
		RegionId:        dara.String("cn-hangzhou"),
		Endpoint:        dara.String(o.Endpoint),
		Protocol:        dara.String("HTTP"),
	})
	must(err)
	return client
}

func call(client *openapi.Client, action, method string, query, body fields) (fields, error) {
	request := &utils.OpenApiRequest{Query: utils.Query(query)}
	if body != nil {
		request.Body = utils.ParseToMap(utils.Query(body))
	}
	params := &utils.Params{
		Action:      dara.String(action),
		Version:     dara.String("2019-04-30"),
		Protocol:    dara.String("HTTPS"),
		Pathname:    dara.String("/"),
		Method:      dara.String(method),
		AuthType:    dara.String("AK"),
		Style:       dara.String("RPC"),
		ReqBodyType: dara.String("formData"),
		BodyType:    dara.String("json"),
	}
	answer, err := client.CallApi(params, request, &dara.RuntimeOptions{})
	if err != nil {
		return nil, err
	}
	return answer["body"].(fields), nil
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func with(scope fields, more fields) fields {
	all := fields{}
	for _, some := range []fields{scope, more} {
		for name, value := range some {
			all[name] = value
		}
	}
	return all
}

type user struct {
	client *openapi.Client
	scope  fields
}

func (u user) create(job fields) fields {
	query := fields{"RegionId": "cn-hangzhou"}
	body := with(u.scope, job)
	if priority, given := body["Priority"]; given {
		query["Priority"] = priority
		delete(body, "Priority")
	}
	answer, err := call(u.client, "CreateJob", "POST", query, body)
	must(err)
	return answer
}

func (u user) get(action string, more fields) fields {
	answer, err := call(u.client, action, "GET", with(u.scope, more), nil)
	must(err)
	return answer
}

func (u user) execute(job any, parameters string) any {
	answer := u.get("ExecuteJob", fields{"JobId": job, "InstanceParameters": parameters})
	if answer["Data"] == nil {
		log.Fatal(answer)
	}
	return answer["Data"].(fields)["JobInstanceId"]
}

func (u user) await(job, instance any, statuses ...string) fields {
	for {
		answer := u.get("GetJobInstance", fields{"JobId": job, "JobInstanceId": instance})
		detail := answer["Data"].(fields)["JobInstanceDetail"].(fields)
		for _, status := range statuses {
			if fmt.Sprint(detail["Status"]) == status {
				return detail
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func main() {
	var o order
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	must(decoder.Decode(&o))
	u := user{connect(o, o.KeySecret), o.Scope}
	said := fields{}

	created := u.create(o.Job)
	said["created"], said["again"] = created, u.create(o.Job)
	job := created["Data"].(fields)["JobId"]
	said["ended"] = u.await(job, u.execute(job, o.InstanceParameters), "4", "5")

	sleeper := u.create(o.Sleeper)["Data"].(fields)["JobId"]
	instance := u.execute(sleeper, "")
	u.await(sleeper, instance, "3")
	said["stop"] = u.get("StopInstance", fields{"JobId": sleeper, "InstanceId": instance})
	said["stopped"] = u.await(sleeper, instance, "4", "5")

	_, err := call(connect(o, "wrong"), "CreateJob", "POST", fields{"RegionId": "cn-hangzhou"}, with(o.Scope, o.Job))
	refused := fields{"class": fmt.Sprintf("%T", err)}
	if fault, ok := err.(*tea.SDKError); ok {
		refused["code"], refused["message"], refused["status"] = fault.Code, fault.Message, fault.StatusCode
	}
	said["refused"] = refused
	must(json.NewEncoder(os.Stdout).Encode(said))
}
