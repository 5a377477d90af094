package cors

// A service lets anybody have a name below its domain.
type service struct {
	domain string
	// labels is how many labels before domain make a name that is one
	// customer's alone. Whether the list of public suffixes says so too does
	// not matter: it lacks domains, and the new regions of those it has.
	labels int
	fix    string
}

// nobodys is the number of labels of a service that assigns no customer a domain
// with all names below it, at whatever depth.
const nobodys = 0

const (
	exactOrigins   = "name exact origins, or give it a domain of your own"
	bucket         = "name the exact origin of your bucket, or give it a domain of your own"
	awsResource    = "name the exact origin of your bucket, API, load balancer or instance, or give it a domain of your own"
	tunnel         = "name the exact origin of your tunnel, or use a domain of your own"
	ipAddress      = "name exact origins, or use a domain of your own: whoever has an address has names there, at any depth"
	azureResource  = "name the exact origin of your resource, or give it a domain of your own"
	devEnvironment = "name the exact origin of your environment"
	salesforceOrg  = "name the exact origins of your organization"
)

// services are those that the list of public suffixes lacks or has in part, and
// those for which there is something better to say than that they are on it.
var services = []service{
	// A branch or pull request is a label before the app's id:
	// https://docs.amplify.aws/android/deploy-and-host/fullstack-branching/pr-previews/
	{"amplifyapp.com", 1, `name your app: "https://*.APPID.amplifyapp.com" is each of its branches and previews`},
	// One label holds project, branch and team:
	// https://vercel.com/docs/deployments/generated-urls
	{"vercel.app", 1, `give previews a domain of your own (Preview Deployment Suffix) and write "https://*.preview.example.com", or name exact origins`},
	// One label holds preview and site:
	// https://docs.netlify.com/manage/domains/manage-domains/automatic-deploy-subdomains
	{"netlify.app", 1, `give previews a domain of your own (automatic deploy subdomains) and write "https://*.preview.example.com", or name exact origins`},
	// A preview is a label before the project:
	// https://developers.cloudflare.com/pages/configuration/preview-deployments/
	{"pages.dev", 1, `name your project: "https://*.PROJECT.pages.dev" is each of its previews; or give it a domain of your own, or name exact origins`},
	// A worker is a label before the account's subdomain:
	// https://developers.cloudflare.com/workers/configuration/routing/workers-dev/
	{"workers.dev", 1, `name your account: "https://*.SUBDOMAIN.workers.dev" is each of its workers`},
	{"github.io", 1, exactOrigins},

	// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-web-values-returned.html
	{"cloudfront.net", 1, `name the exact origin of your distribution ("https://" + *distribution.DistributionDomainName()), or give it a domain of your own`},
	// https://docs.amazonaws.cn/en_us/aws/latest/userguide/cloudfront.html
	{"cloudfront.cn", 1, `name the exact origin of your distribution, or give it a domain of your own`},
	// A bucket's name may have dots, so that evil.BUCKET is anybody's, and
	// services and regions come faster than the list has them:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
	{"amazonaws.com", nobodys, awsResource},
	{"amazonaws.com.cn", nobodys, awsResource},
	// The other domains of AWS's partitions, where the European Sovereign Cloud has
	// its buckets and APIs, and China and it their function URLs:
	// https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
	{"amazonaws.eu", nobodys, awsResource},
	{"amazonwebservices.eu", nobodys, awsResource},
	{"amazonwebservices.com.cn", nobodys, awsResource},
	{"api.aws", nobodys, awsResource},
	// Function URLs: https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
	{"on.aws", nobodys, "name the exact origin of your function URL, or give it a domain of your own"},
	// PREFIX.auth.REGION.amazoncognito.com:
	// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
	{"amazoncognito.com", 3, "name the exact origin of your user pool's domain, or give it one of your own"},
	// ID.REGION.awsapprunner.com:
	// https://docs.aws.amazon.com/apprunner/latest/dg/manage-custom-domains.html
	{"awsapprunner.com", 2, "name the exact origin of your service, or give it a domain of your own"},
	// NAME.REGION.elasticbeanstalk.com, and NAME.elasticbeanstalk.com of old:
	// https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/customdomains.html
	{"elasticbeanstalk.com", 2, "name the exact origin of your environment, or give it a domain of your own"},
	// NAME.studio.REGION.sagemaker.aws, of which the list has today's regions:
	// https://docs.aws.amazon.com/sagemaker/latest/dg/studio-updated.html
	{"sagemaker.aws", 3, awsResource},
	// SERVICE.ID.REGION.cs.amazonlightsail.com, not on the list:
	// https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerService.html
	{"amazonlightsail.com", 4, "name the exact origin of your service, or give it a domain of your own"},

	// BUCKET.storage.googleapis.com, and the names of other services. The list has
	// the domain as one suffix, as if storage were one customer's:
	// https://docs.cloud.google.com/storage/docs/request-endpoints
	{"googleapis.com", nobodys, bucket},
	// ADDRESS.bc.googleusercontent.com, and the names of other services:
	// https://docs.cloud.google.com/compute/docs/instances/create-ptr-record
	{"googleusercontent.com", nobodys, ipAddress},

	// Buckets of other stores: BUCKET.REGION, or BUCKET.SERVICE.REGION.
	//
	// https://www.alibabacloud.com/help/en/oss/user-guide/oss-domain-names
	{"aliyuncs.com", nobodys, bucket},
	// https://www.tencentcloud.com/document/product/436/13312
	{"myqcloud.com", nobodys, bucket},
	// https://support.huaweicloud.com/intl/en-us/ugobs-obs/obs_41_0003.html
	{"myhuaweicloud.com", nobodys, bucket},
	// https://docs.wasabi.com
	{"wasabisys.com", nobodys, bucket},
	// https://www.backblaze.com/docs/cloud-storage-s3-compatible-api
	{"backblazeb2.com", nobodys, bucket},
	// IBM Cloud's apps and clusters, APP.HASH.REGION.codeengine.appdomain.cloud and
	// APP.CLUSTER.REGION.containers.appdomain.cloud, before the rest of it:
	// https://cloud.ibm.com/docs/codeengine, https://cloud.ibm.com/docs/openshift
	{"codeengine.appdomain.cloud", 2, `name your project: "https://*.HASH.REGION.codeengine.appdomain.cloud" is each of its apps`},
	{"containers.appdomain.cloud", 2, `name your cluster: "https://*.CLUSTER.REGION.containers.appdomain.cloud" is each of its apps`},
	// IBM Cloud, apps as well:
	// https://cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-endpoints
	{"appdomain.cloud", nobodys, "name the exact origin of your bucket or app, or give it a domain of your own"},

	// ACCOUNT.ZONE.web.core.windows.net, of which the list has the zones' parent:
	// https://learn.microsoft.com/azure/storage/blobs/storage-blob-static-website
	{"web.core.windows.net", 2, azureResource},
	// ACCOUNT.ZONE.web.storage.azure.net, not on the list:
	// https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-endpoints
	{"storage.azure.net", 3, azureResource},
	// NAME-HASH.ZONE.azurefd.net, of which the list has the zones' parent:
	// https://learn.microsoft.com/azure/frontdoor/endpoint
	{"azurefd.net", 2, azureResource},
	// NAME.azure-api.net, NAME.developer.azure-api.net and others, of which the list
	// has the first: https://learn.microsoft.com/azure/api-management/configure-custom-domain
	{"azure-api.net", 2, azureResource},
	// NAME.REGION.cloudapp.azure.com, not on the list:
	// https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses#domain-name-label
	{"cloudapp.azure.com", 2, azureResource},
	// NAME-HASH.REGION.azurewebsites.net, of which the list has the regions' parent:
	// https://github.com/MicrosoftDocs/azure-docs/blob/main/articles/app-service/includes/regionalization-note.md
	{"azurewebsites.net", 2, azureResource},
	{"azurewebsites.us", 2, azureResource},
	// NAME-BRANCH.REGION.N.azurestaticapps.net, of which the list has N or the region:
	// https://learn.microsoft.com/azure/static-web-apps/preview-environments
	{"azurestaticapps.net", 3, azureResource},
	// APP.ENVIRONMENT.REGION.azurecontainerapps.io, not on the list:
	// https://learn.microsoft.com/azure/container-apps/connect-apps
	{"azurecontainerapps.io", 2, `name your environment: "https://*.ENVIRONMENT.REGION.azurecontainerapps.io" is each of its apps`},
	// The same services in China and for governments, of which the list has a part:
	// https://learn.microsoft.com/azure/china/resources-developer-guide
	// https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure
	{"chinacloudapi.cn", nobodys, azureResource},
	{"chinacloudsites.cn", 2, azureResource},
	{"web.core.usgovcloudapi.net", 2, azureResource},
	{"cloudapp.usgovcloudapi.net", 2, azureResource},

	// APP.cfapps.REGION.hana.ondemand.com, not on the list: https://help.sap.com/docs/btp
	{"hana.ondemand.com", nobodys, exactOrigins},
	// Anybody's organization has pages at MYDOMAIN.my.site.com, MYDOMAIN.lightning.force.com
	// and more, its sandboxes one label further down:
	// https://help.salesforce.com/s/articleView?id=sf.domain_name_url_formats.htm
	{"force.com", nobodys, salesforceOrg},
	{"my.site.com", nobodys, salesforceOrg},
	{"my.salesforce.com", nobodys, salesforceOrg},
	{"salesforce-sites.com", nobodys, salesforceOrg},

	// TENANT.sharepoint.com, whose pages run the scripts of each company:
	// https://learn.microsoft.com/sharepoint/dev/spfx/sharepoint-framework-overview
	{"sharepoint.com", 1, "name the exact origin of your tenant, such as https://contoso.sharepoint.com"},

	// Tunnels, development environments and free hosts that are not on the list.
	// Those of Cloudflare, ngrok and Replit are, and need no row.
	//
	// NAME-PORT.app.github.dev, and NAME-PORT.preview.app.github.dev of old:
	// https://docs.github.com/codespaces/developing-in-a-codespace/forwarding-ports-in-your-codespace
	{"github.dev", nobodys, devEnvironment},
	// ID.lite.vusercontent.net, of v0, of which the list has vusercontent.net: https://v0.app/docs
	{"vusercontent.net", 2, devEnvironment},
	// ID-PORT.REGION.devtunnels.ms:
	// https://learn.microsoft.com/azure/developer/dev-tunnels/security#domains
	{"devtunnels.ms", 2, tunnel},
	// PORT-WORKSTATION.CLUSTER.cloudworkstations.dev; the workstations of Firebase
	// Studio's users share clusters:
	// https://cloud.google.com/workstations/docs/access-http-servers-running-on-workstations
	{"cloudworkstations.dev", 2, devEnvironment},
	// PORT-cs-PROJECT.cs-REGION.cloudshell.dev:
	// https://cloud.google.com/shell/docs/using-web-preview
	{"cloudshell.dev", 2, devEnvironment},
	// PROJECT--PORT.local-credentialless.webcontainer.io, of StackBlitz:
	// https://github.com/stackblitz/webcontainer-core/issues/1237
	{"webcontainer.io", 2, devEnvironment},
	// PROJECT.stackblitz.io: https://developer.stackblitz.com
	{"stackblitz.io", 1, devEnvironment},
	// PORT-WORKSPACE.CLUSTER.gitpod.io:
	// https://www.gitpod.io/docs/classic/user/configure/workspaces/ports
	{"gitpod.io", 2, devEnvironment},
	// NAME.localtunnel.me, now NAME.loca.lt:
	// https://github.com/localtunnel/localtunnel
	{"loca.lt", 1, tunnel},
	{"localtunnel.me", 1, tunnel},
	// NAME.serveo.net, now NAME.serveousercontent.com: https://serveo.net
	{"serveo.net", 1, tunnel},
	{"serveousercontent.com", 1, tunnel},
	// NAME.lhr.life: https://localhost.run/docs/
	{"lhr.life", 1, tunnel},
	{"localhost.run", 1, tunnel},
	// NAME.share.zrok.io: https://github.com/openziti/zrok
	{"zrok.io", 2, tunnel},
	// NAME.a.free.pinggy.link, and others: https://pinggy.io/docs/usages
	{"pinggy.link", nobodys, tunnel},
	// NAME-ACCOUNT-PORT.exp.direct, with labels in place of the hyphens before:
	// https://docs.expo.dev/more/expo-cli/#tunneling
	{"exp.direct", nobodys, tunnel},
	// NAME.sharedwithexpose.com and NAME.REGION.sharedwithexpose.com: https://expose.dev/docs
	{"sharedwithexpose.com", 2, tunnel},
	// NAME.loclx.io and NAME.REGION.loclx.io: https://localxpose.io/docs
	{"loclx.io", 2, tunnel},
	// NAME.pagekite.me: https://pagekite.net
	{"pagekite.me", 1, tunnel},
	// NAME.tunnelto.dev: https://github.com/agrinman/tunnelto
	{"tunnelto.dev", 1, tunnel},
	// NAME.free.beeceptor.com: https://beeceptor.com/docs
	{"beeceptor.com", 2, exactOrigins},
	// WORKSPACE--NAME.modal.run: https://modal.com/docs/guide/webhook-urls
	{"modal.run", 1, exactOrigins},
	// ID-PORT.proxy.runpod.net: https://docs.runpod.io/pods/configuration/expose-ports
	{"proxy.runpod.net", 1, exactOrigins},
	// ZONE.b-cdn.net: https://docs.bunny.net
	{"b-cdn.net", 1, exactOrigins},
	// ZONE-ID.kxcdn.com: https://www.keycdn.com/support
	{"kxcdn.com", 1, exactOrigins},
	// SITE.wordpress.com and SITE.wpcomstaging.com: https://wordpress.com/support/domains
	{"wordpress.com", 1, exactOrigins},
	{"wpcomstaging.com", 1, exactOrigins},
	// ID.gradio.live: https://www.gradio.app/guides/sharing-your-app
	{"gradio.live", 1, tunnel},
	// NAME.neocities.org: https://neocities.org
	{"neocities.org", 1, exactOrigins},
	// NAME.surge.sh: https://surge.sh/docs/cli/publishing
	{"surge.sh", 1, exactOrigins},
	// APP-ORGANIZATION.koyeb.app: https://www.koyeb.com/docs/reference/apps
	{"koyeb.app", 1, exactOrigins},

	// A name is the address it holds, wherever that stands in it:
	// https://nip.io, https://sslip.io, https://github.com/pyrou/traefik.me
	{"nip.io", nobodys, ipAddress},
	{"sslip.io", nobodys, ipAddress},
	{"traefik.me", nobodys, ipAddress},
	// http://local-ip.co, https://www.local-ip.sh
	{"local-ip.co", nobodys, ipAddress},
	{"local-ip.sh", nobodys, ipAddress},
}
