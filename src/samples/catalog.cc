#include "samples/catalog.h"

#include <array>

#include "base/assert.h"

namespace steelyard::samples {
namespace {

constexpr std::array<ProviderInfo, kProviders> kProviderInfo{{
    {"AWS", "Amazon Web Services, Inc.", "USD", "Management Account", "Member Account", "AWS", 92},
    {"Microsoft", "Microsoft Ireland Operations Limited", "EUR", "Billing Profile", "Subscription",
     "Microsoft", 95},
    {"Google Cloud", "Google Cloud EMEA Limited", "USD", "Cloud Billing Account", "Project",
     "Google Cloud", 100},
    {"Fjord Data", "Fjord Data Ltd.", "USD", "Organization", "Account", "AWS", 80},
}};

constexpr Provider kA = Provider::kAws, kZ = Provider::kAzure, kG = Provider::kGcp,
                   kF = Provider::kFjord;

constexpr std::int64_t kOneCredit = 10'000'000'000;

// clang-format off
constexpr Service kServices[] = {
    {kA, "AmazonEC2", "Amazon Elastic Compute Cloud", "Compute", "Virtual Machines"},
    {kA, "AmazonEBS", "Amazon Elastic Block Store", "Storage", "Block Storage"},
    {kA, "AmazonS3", "Amazon Simple Storage Service", "Storage", "Object Storage"},
    {kA, "AmazonRDS", "Amazon Relational Database Service", "Databases", "Relational Databases"},
    {kA, "AWSLambda", "AWS Lambda", "Compute", "Serverless Compute"},
    {kA, "AmazonCloudWatch", "AmazonCloudWatch", "Management and Governance", "Observability"},
    {kA, "AmazonDynamoDB", "Amazon DynamoDB", "Databases", "NoSQL Databases"},
    {kA, "AWSELB", "Elastic Load Balancing", "Networking", "Network Routing"},
    {kA, "awskms", "AWS Key Management Service", "Security", "Secret Management"},
    {kA, "AWSQueueService", "Amazon Simple Queue Service", "Integration", "Messaging"},
    {kA, "AmazonVPC", "Amazon Virtual Private Cloud", "Networking", "Network Connectivity"},
    {kA, "AmazonEKS", "Amazon Elastic Kubernetes Service", "Compute", "Containers"},
    {kA, "AmazonBedrock", "Amazon Bedrock", "AI and Machine Learning", "Generative AI"},
    {kA, "AmazonCloudFront", "Amazon CloudFront", "Networking", "Content Delivery"},
    {kA, "AWSSupportEnterprise", "AWS Support (Enterprise)", "Management and Governance", "Support"},
    {kA, "ComputeSavingsPlans", "Savings Plans for AWS Compute usage", "Compute", "Virtual Machines"},
    {kA, "marketplace-northwind", "Northwind Observability Suite", "Management and Governance", "Observability", "Northwind Software"},
    {kA, "marketplace-fjord", "Fjord Data Cloud", "Databases", "Data Warehouses", "Fjord Data"},
    {kZ, "Microsoft.Compute", "Virtual Machines", "Compute", "Virtual Machines"},
    {kZ, "Microsoft.Storage", "Storage Accounts", "Storage", "Object Storage"},
    {kZ, "Microsoft.Sql", "SQL Database", "Databases", "Relational Databases"},
    {kZ, "Microsoft.Web", "Functions", "Compute", "Serverless Compute"},
    {kZ, "Microsoft.CognitiveServices", "Azure OpenAI", "AI and Machine Learning", "Generative AI"},
    {kG, "6F81-5844-456A", "Compute Engine", "Compute", "Virtual Machines"},
    {kG, "95FF-2EF5-5EA1", "Cloud Storage", "Storage", "Object Storage"},
    {kG, "24E6-581D-38E5", "BigQuery", "Databases", "Data Warehouses"},
    {kG, "152E-C115-5142", "Cloud Run", "Compute", "Serverless Compute"},
    {kF, "fjord-cloud", "Fjord Data Cloud", "Databases", "Data Warehouses"},
};

constexpr Region kRegions[] = {
    {kA, "us-east-1", "US East (N. Virginia)", "", 46, 100},
    {kA, "eu-central-1", "Europe (Frankfurt)", "EUC1-", 22, 115},
    {kA, "us-west-2", "US West (Oregon)", "USW2-", 14, 100},
    {kA, "eu-west-1", "Europe (Ireland)", "EU-", 9, 108},
    {kA, "ap-northeast-1", "Asia Pacific (Tokyo)", "APN1-", 4, 127},
    {kA, "ap-southeast-2", "Asia Pacific (Sydney)", "APS2-", 3, 124},
    {kA, "sa-east-1", "South America (Sao Paulo)", "SAE1-", 1, 156},
    {kA, "ca-central-1", "Canada (Central)", "CAN1-", 1, 109},
    {kZ, "westeurope", "West Europe", "", 70, 100},
    {kZ, "germanywestcentral", "Germany West Central", "", 30, 104},
    {kG, "europe-west3", "Frankfurt", "", 60, 110},
    {kG, "us-central1", "Iowa", "", 40, 100},
    {kF, "aws-eu-central-1", "Frankfurt on AWS", "", 100, 100},
};

constexpr InstanceType kTypes[] = {
    {kA, "AmazonEC2", "t3.micro", "t3", 2, 104000000, 30},
    {kA, "AmazonEC2", "t3.medium", "t3", 8, 416000000, 60},
    {kA, "AmazonEC2", "t3.large", "t3", 16, 832000000, 60},
    {kA, "AmazonEC2", "m5.large", "m5", 16, 960000000, 150, "m6i.large"},
    {kA, "AmazonEC2", "m5.xlarge", "m5", 32, 1920000000, 130, "m6i.xlarge"},
    {kA, "AmazonEC2", "m5.2xlarge", "m5", 64, 3840000000, 80, "m6i.2xlarge"},
    {kA, "AmazonEC2", "m5.4xlarge", "m5", 128, 7680000000, 30, "m6i.4xlarge"},
    {kA, "AmazonEC2", "m6i.large", "m6i", 16, 960000000, 0, "m7g.large"},
    {kA, "AmazonEC2", "m6i.xlarge", "m6i", 32, 1920000000, 0, "m7g.xlarge"},
    {kA, "AmazonEC2", "m6i.2xlarge", "m6i", 64, 3840000000, 0, "m7g.2xlarge"},
    {kA, "AmazonEC2", "m6i.4xlarge", "m6i", 128, 7680000000, 0, "m7g.4xlarge"},
    {kA, "AmazonEC2", "m7g.large", "m7g", 16, 816000000, 0, "m8g.large"},
    {kA, "AmazonEC2", "m7g.xlarge", "m7g", 32, 1632000000, 0, "m8g.xlarge"},
    {kA, "AmazonEC2", "m7g.2xlarge", "m7g", 64, 3264000000, 0, "m8g.2xlarge"},
    {kA, "AmazonEC2", "m7g.4xlarge", "m7g", 128, 6528000000, 0, "m8g.4xlarge"},
    {kA, "AmazonEC2", "m8g.large", "m8g", 16, 897600000, 0},
    {kA, "AmazonEC2", "m8g.xlarge", "m8g", 32, 1795200000, 0},
    {kA, "AmazonEC2", "m8g.2xlarge", "m8g", 64, 3590400000, 0},
    {kA, "AmazonEC2", "m8g.4xlarge", "m8g", 128, 7180800000, 0},
    {kA, "AmazonEC2", "c5.large", "c5", 16, 850000000, 100, "c6g.large"},
    {kA, "AmazonEC2", "c5.xlarge", "c5", 32, 1700000000, 90, "c6g.xlarge"},
    {kA, "AmazonEC2", "c5.4xlarge", "c5", 128, 6800000000, 25, "c6g.4xlarge"},
    {kA, "AmazonEC2", "c6g.large", "c6g", 16, 680000000, 0, "c7g.large"},
    {kA, "AmazonEC2", "c6g.xlarge", "c6g", 32, 1360000000, 0, "c7g.xlarge"},
    {kA, "AmazonEC2", "c6g.4xlarge", "c6g", 128, 5440000000, 0, "c7g.4xlarge"},
    {kA, "AmazonEC2", "c7g.large", "c7g", 16, 725000000, 0, "c8g.large"},
    {kA, "AmazonEC2", "c7g.xlarge", "c7g", 32, 1450000000, 0, "c8g.xlarge"},
    {kA, "AmazonEC2", "c7g.4xlarge", "c7g", 128, 5800000000, 0, "c8g.4xlarge"},
    {kA, "AmazonEC2", "c8g.large", "c8g", 16, 797500000, 0},
    {kA, "AmazonEC2", "c8g.xlarge", "c8g", 32, 1595000000, 0},
    {kA, "AmazonEC2", "c8g.4xlarge", "c8g", 128, 6380000000, 0},
    {kA, "AmazonEC2", "r5.large", "r5", 16, 1260000000, 60, "r6g.large"},
    {kA, "AmazonEC2", "r5.2xlarge", "r5", 64, 5040000000, 40, "r6g.2xlarge"},
    {kA, "AmazonEC2", "r5.8xlarge", "r5", 256, 20160000000, 12, "r6g.8xlarge"},
    {kA, "AmazonEC2", "r6g.large", "r6g", 16, 1008000000, 0, "r7g.large"},
    {kA, "AmazonEC2", "r6g.2xlarge", "r6g", 64, 4032000000, 0, "r7g.2xlarge"},
    {kA, "AmazonEC2", "r6g.8xlarge", "r6g", 256, 16128000000, 0, "r7g.8xlarge"},
    {kA, "AmazonEC2", "r7g.large", "r7g", 16, 1071000000, 0, "r8g.large"},
    {kA, "AmazonEC2", "r7g.2xlarge", "r7g", 64, 4284000000, 0, "r8g.2xlarge"},
    {kA, "AmazonEC2", "r7g.8xlarge", "r7g", 256, 17136000000, 0, "r8g.8xlarge"},
    {kA, "AmazonEC2", "r8g.large", "r8g", 16, 1178100000, 0},
    {kA, "AmazonEC2", "r8g.2xlarge", "r8g", 64, 4712400000, 0},
    {kA, "AmazonEC2", "r8g.8xlarge", "r8g", 256, 18849600000, 0},
    {kA, "AmazonEC2", "g6.xlarge", "g6", 32, 8048000000, 14},
    {kA, "AmazonEC2", "g6.12xlarge", "g6", 384, 46016000000, 5},
    {kA, "AmazonEC2", "p4d.24xlarge", "p4d", 768, 327726000000, 3},
    {kA, "AmazonEC2", "p5.48xlarge", "p5", 1536, 983200000000, 1},
    {kA, "AmazonRDS", "db.t4g.medium", "db.t4g", 8, 650000000, 40},
    {kA, "AmazonRDS", "db.m5.large", "db.m5", 16, 1710000000, 40, "db.m6g.large"},
    {kA, "AmazonRDS", "db.m6g.large", "db.m6g", 16, 1520000000, 0, "db.m7g.large"},
    {kA, "AmazonRDS", "db.m7g.large", "db.m7g", 16, 1680000000, 0},
    {kA, "AmazonRDS", "db.r5.large", "db.r5", 16, 2400000000, 40, "db.r6g.large"},
    {kA, "AmazonRDS", "db.r5.2xlarge", "db.r5", 64, 9600000000, 20, "db.r6g.2xlarge"},
    {kA, "AmazonRDS", "db.r5.8xlarge", "db.r5", 256, 38400000000, 4, "db.r6g.8xlarge"},
    {kA, "AmazonRDS", "db.r6g.large", "db.r6g", 16, 2150000000, 0, "db.r7g.large"},
    {kA, "AmazonRDS", "db.r6g.2xlarge", "db.r6g", 64, 8600000000, 0, "db.r7g.2xlarge"},
    {kA, "AmazonRDS", "db.r6g.8xlarge", "db.r6g", 256, 34400000000, 0, "db.r7g.8xlarge"},
    {kA, "AmazonRDS", "db.r7g.large", "db.r7g", 16, 2390000000, 0},
    {kA, "AmazonRDS", "db.r7g.2xlarge", "db.r7g", 64, 9560000000, 0},
    {kA, "AmazonRDS", "db.r7g.8xlarge", "db.r7g", 256, 38240000000, 0},
    {kZ, "Microsoft.Compute", "Standard_D2s_v3", "Dsv3", 8, 920000000, 50, "Standard_D2s_v4"},
    {kZ, "Microsoft.Compute", "Standard_D4s_v3", "Dsv3", 16, 1840000000, 40, "Standard_D4s_v4"},
    {kZ, "Microsoft.Compute", "Standard_D2s_v4", "Dsv4", 8, 900000000, 0, "Standard_D2s_v5"},
    {kZ, "Microsoft.Compute", "Standard_D4s_v4", "Dsv4", 16, 1800000000, 0, "Standard_D4s_v5"},
    {kZ, "Microsoft.Compute", "Standard_D2s_v5", "Dsv5", 8, 880000000, 0, "Standard_D2s_v6"},
    {kZ, "Microsoft.Compute", "Standard_D4s_v5", "Dsv5", 16, 1760000000, 0, "Standard_D4s_v6"},
    {kZ, "Microsoft.Compute", "Standard_D2s_v6", "Dsv6", 8, 924000000, 0},
    {kZ, "Microsoft.Compute", "Standard_D4s_v6", "Dsv6", 16, 1848000000, 0},
    {kZ, "Microsoft.Compute", "Standard_E8s_v3", "Esv3", 32, 4880000000, 15, "Standard_E8s_v4"},
    {kZ, "Microsoft.Compute", "Standard_E8s_v4", "Esv4", 32, 4760000000, 0, "Standard_E8s_v5"},
    {kZ, "Microsoft.Compute", "Standard_E8s_v5", "Esv5", 32, 4640000000, 0, "Standard_E8s_v6"},
    {kZ, "Microsoft.Compute", "Standard_E8s_v6", "Esv6", 32, 4872000000, 0},
    {kZ, "Microsoft.Compute", "Standard_NC24ads_A100_v4", "NCads", 96, 33700000000, 1},
    {kG, "6F81-5844-456A", "n1-standard-2", "n1", 8, 950000000, 50, "n2-standard-2"},
    {kG, "6F81-5844-456A", "n1-standard-8", "n1", 32, 3800000000, 25, "n2-standard-8"},
    {kG, "6F81-5844-456A", "n2-standard-2", "n2", 8, 971180000, 0, "n4-standard-2"},
    {kG, "6F81-5844-456A", "n2-standard-8", "n2", 32, 3884720000, 0, "n4-standard-8"},
    {kG, "6F81-5844-456A", "n4-standard-2", "n4", 8, 947920000, 0},
    {kG, "6F81-5844-456A", "n4-standard-8", "n4", 32, 3791680000, 0},
    {kG, "6F81-5844-456A", "e2-standard-4", "e2", 16, 1340120000, 40},
    {kG, "6F81-5844-456A", "a2-highgpu-1g", "a2", 48, 36733850000, 1},
};

constexpr Meter kMeters[] = {
    // 0: EC2 instance
    {"BoxUsage", "Linux instance", "Hours", "Hrs", "RunInstances", "Compute Instance", 0, kInstance | kSavings | kReserved | kSteady, 1000, 1, 0},
    {"DataTransfer-In-Bytes", "Data transfer in", "GB", "GB", "RunInstances", "Data Transfer", 0, 0, 820, 0.02, 2.0},
    {"DataTransfer-Regional-Bytes", "Data transfer within the region", "GB", "GB", "InterZone-In", "Data Transfer", 100000000, 0, 800, 0.004, 1.8},
    {"DataTransfer-Out-Bytes", "Data transfer out to the internet", "GB", "GB", "RunInstances", "Data Transfer", 900000000, 0, 620, 0.0004, 2.2},
    {"DataTransfer-AWS-Out-Bytes", "Data transfer to other regions", "GB", "GB", "PublicIP-Out", "Data Transfer", 200000000, 0, 700, 0.0006, 2.2},
    {"EBSOptimized", "EBS optimised throughput, included", "Hours", "Hrs", "Hourly", "Compute Instance", 0, kSteady, 700, 1, 0},
    // 6: EBS volume
    {"EBS:VolumeUsage.gp3", "General purpose SSD storage", "GB-Months", "GB-Mo", "CreateVolume-Gp3", "Storage", 800000000, kSteady, 1000, 0.006, 2.2},
    {"EBS:VolumeP-IOPS.gp3", "Provisioned IOPS above the baseline", "IOPS-Months", "IOPS-Mo", "CreateVolume-P-IOPS.gp3", "System Operation", 50000000, kSteady, 350, 0.05, 1.0},
    {"EBS:SnapshotUsage", "Snapshot storage", "GB-Months", "GB-Mo", "CreateSnapshot", "Storage Snapshot", 500000000, kSteady, 900, 0.0015, 1.8},
    // 9: S3 bucket
    {"TimedStorage-ByteHrs", "Standard storage", "GB-Months", "GB-Mo", "StandardStorage", "Storage", 230000000, kSteady, 1000, 0.006, 2.4},
    {"Requests-Tier1", "PUT, COPY, POST and LIST requests", "Requests", "Requests", "PutObject", "API Request", 50000, kWhole, 950, 25, 2.2},
    {"Requests-Tier2", "GET and all other requests", "Requests", "Requests", "GetObject", "API Request", 4000, kWhole, 980, 250, 2.4},
    {"DataTransfer-In-Bytes", "Data transfer in", "GB", "GB", "PutObject", "Data Transfer", 0, 0, 900, 0.01, 2.0},
    {"C3DataTransfer-Out-Bytes", "Data transfer to the same region", "GB", "GB", "GetObject", "Data Transfer", 0, 0, 800, 0.02, 2.0},
    // 14: RDS database
    {"InstanceUsage", "Database instance", "Hours", "Hrs", "CreateDBInstance:0021", "Database Instance", 0, kInstance | kReserved | kSteady, 1000, 1, 0},
    {"RDS:GP3-Storage", "Database storage", "GB-Months", "GB-Mo", "CreateDBInstance:0021", "Database Storage", 1150000000, kSteady, 1000, 0.02, 1.2},
    {"RDS:ChargedBackupUsage", "Backup storage", "GB-Months", "GB-Mo", "CreateDBInstance", "Storage Snapshot", 950000000, kSteady, 600, 0.002, 1.5},
    {"RDS:StorageIOUsage", "Included I/O", "IOs", "IOs", "CreateDBInstance:0021", "System Operation", 0, kWhole, 900, 4000, 1.5},
    // 18: Lambda function
    {"Lambda-GB-Second", "Function duration", "GB-Seconds", "Lambda-GB-Second", "Invoke", "Serverless", 166667, kSavings, 900, 4, 2.4},
    {"Request", "Function invocations", "Requests", "Requests", "Invoke", "Serverless", 2000, kWhole, 900, 60, 2.2},
    {"Lambda-Provisioned-Concurrency", "Logs delivered, included", "GB", "GB", "Invoke", "Serverless", 0, 0, 600, 0.001, 1.5},
    // 21: CloudWatch log group
    {"DataProcessing-Bytes", "Log data ingested", "GB", "GB", "PutLogEvents", "Data Payload", 5000000000, 0, 900, 0.0002, 2.2},
    {"TimedStorage-ByteHrs", "Log data stored", "GB-Months", "GB-Mo", "HourlyStorageMetering", "Storage Snapshot", 300000000, kSteady, 1000, 0.001, 1.8},
    {"CW:Requests", "API requests within the free tier", "Requests", "Requests", "PutMetricData", "API Request", 0, kWhole, 950, 30, 1.2},
    {"CW:MetricMonitorUsage", "Metrics within the free tier", "Metrics", "Metrics", "MetricStorage", "Metric", 0, kSteady, 900, 0.01, 0.8},
    // 25: DynamoDB table
    {"ReadRequestUnits", "Read request units", "Requests", "ReadRequestUnits", "GetItem", "Amazon DynamoDB PayPerRequest Throughput", 2500, kWhole, 900, 200, 2.3},
    {"WriteRequestUnits", "Write request units", "Requests", "WriteRequestUnits", "PutItem", "Amazon DynamoDB PayPerRequest Throughput", 12500, kWhole, 850, 40, 2.3},
    {"TimedStorage-ByteHrs", "Table storage", "GB-Months", "GB-Mo", "StandardStorage", "Database Storage", 2500000000, kSteady, 1000, 0.0001, 1.8},
    {"DataTransfer-In-Bytes", "Data transfer in", "GB", "GB", "PutItem", "Data Transfer", 0, 0, 800, 0.001, 2.0},
    // 29: load balancer
    {"LoadBalancerUsage", "Application load balancer", "Hours", "Hrs", "LoadBalancing:Application", "Load Balancer-Application", 225000000, kSteady, 1000, 1, 0},
    {"LCUUsage", "Load balancer capacity units", "LCU-Hours", "LCU-Hrs", "LoadBalancing:Application", "Load Balancer-Application", 80000000, 0, 1000, 0.03, 1.2},
    {"DataTransfer-In-Bytes", "Data transfer in", "GB", "GB", "LoadBalancing:Application", "Data Transfer", 0, 0, 950, 0.01, 1.5},
    // 32: KMS key
    {"KMS-Requests", "Requests within the free tier", "Requests", "Requests", "Decrypt", "Encryption Key", 0, kWhole, 700, 25, 1.5},
    {"KMS-Keys", "Key", "Key-Months", "Keys", "unknown", "Encryption Key", 10000000000, kSteady, 1000, 0.00134, 0},
    // 34: SQS queue
    {"Requests-Tier1", "Requests within the free tier", "Requests", "Requests", "SendMessage", "API Request", 0, kWhole, 800, 200, 1.8},
    {"Requests-RBP", "Standard requests", "Requests", "Requests", "ReceiveMessage", "API Request", 4000, kWhole, 850, 200, 1.8},
    // 36: NAT gateway
    {"NatGateway-Hours", "NAT gateway", "Hours", "Hrs", "NatGateway", "NAT Gateway", 450000000, kSteady, 1000, 1, 0},
    {"NatGateway-Bytes", "Data processed by the NAT gateway", "GB", "GB", "NatGateway", "NAT Gateway", 450000000, 0, 1000, 0.06, 1.6},
    // 38: internet egress of an account, in tiers
    {"DataTransfer-Out-Bytes", "Content delivered", "GB", "GB", "GET", "Data Transfer", 850000000, kTiered, 1000, 0.3, 1.6},
    {"Requests-HTTPS-Proxy", "Requests", "Requests", "Requests", "GET", "API Request", 10000, kWhole, 1000, 300, 1.8},
    // 40: model invocation
    {"InputTokenCount", "Input tokens", "Tokens", "1K tokens", "InvokeModelInference", "Amazon Bedrock", 30000, kWhole, 700, 150, 2.6},
    {"OutputTokenCount", "Output tokens", "Tokens", "1K tokens", "InvokeModelInference", "Amazon Bedrock", 150000, kWhole, 700, 30, 2.6},
    {"CacheReadInputTokenCount", "Cached input tokens", "Tokens", "1K tokens", "InvokeModelInference", "Amazon Bedrock", 3000, kWhole, 600, 300, 2.6},
    // 43: container host
    {"BoxUsage", "Linux instance", "Hours", "Hrs", "RunInstances", "Compute Instance", 0, kInstance | kSavings | kSteady, 1000, 1, 0},
    {"DataTransfer-Regional-Bytes", "Data transfer within the region", "GB", "GB", "InterZone-Out", "Data Transfer", 100000000, 0, 900, 0.01, 1.8},
    {"DataTransfer-In-Bytes", "Data transfer in", "GB", "GB", "RunInstances", "Data Transfer", 0, 0, 900, 0.02, 1.8},
    // 46: Azure virtual machine
    {"Compute Hours", "Virtual machine", "Hours", "", "", "Virtual Machines", 0, kInstance | kReserved | kSteady, 1000, 1, 0},
    {"Premium SSD Managed Disks", "Managed disk", "GB-Months", "", "", "Storage", 1100000000, kSteady, 950, 0.003, 1.0},
    {"Data Transfer In", "Data transfer in", "GB", "", "", "Bandwidth", 0, 0, 850, 0.02, 2.0},
    // 49: Azure storage account
    {"Hot LRS Data Stored", "Data stored", "GB-Months", "", "", "Storage", 180000000, kSteady, 1000, 0.005, 2.0},
    {"Hot Read Operations", "Read operations", "Operations", "", "", "Storage", 4300, kWhole, 900, 120, 2.0},
    {"Free Data Retrieval", "Data retrieval, included", "GB", "", "", "Storage", 0, 0, 900, 0.02, 1.5},
    // 52: Azure SQL
    {"vCore", "General purpose virtual core", "Hours", "", "", "Databases", 2200000000, kSteady, 1000, 1, 0},
    {"Backup within allowance", "Backup storage, included", "GB-Months", "", "", "Storage", 0, kSteady, 900, 0.01, 1.0},
    // 54: Azure function
    {"Execution Time", "Function duration", "GB-Seconds", "", "", "Functions", 140000, 0, 900, 5, 2.2},
    {"Free Executions", "Executions within the free grant", "Requests", "", "", "Functions", 0, kWhole, 800, 60, 2.0},
    // 56: Azure OpenAI deployment
    {"Input Tokens", "Input tokens", "Tokens", "", "", "AI", 23000, kWhole, 700, 600, 2.4},
    {"Output Tokens", "Output tokens", "Tokens", "", "", "AI", 92000, kWhole, 700, 120, 2.4},
    // 58: Google virtual machine
    {"Instance", "Virtual machine", "Hours", "", "", "Compute", 0, kInstance | kSavings | kReserved | kSteady, 1000, 1, 0},
    {"Balanced PD Capacity", "Balanced disk", "GB-Months", "", "", "Storage", 1200000000, kSteady, 950, 0.003, 1.0},
    {"Network Ingress", "Network ingress", "GB", "", "", "Network", 0, 0, 850, 0.02, 2.0},
    // 61: Google bucket
    {"Standard Storage", "Standard storage", "GB-Months", "", "", "Storage", 200000000, kSteady, 1000, 0.005, 2.2},
    {"Class B Operations", "Class B operations", "Operations", "", "", "Storage", 4000, kWhole, 900, 300, 2.0},
    // 63: BigQuery
    {"Analysis", "Data analysed", "TB", "", "", "Analytics", 62500000000, 0, 350, 0.0004, 2.0},
    {"Active Storage", "Active storage", "GB-Months", "", "", "Storage", 200000000, kSteady, 1000, 0.01, 1.6},
    {"Free Analysis", "Data analysed within the free tier", "TB", "", "", "Analytics", 0, 0, 900, 0.0001, 1.0},
    // 66: Cloud Run
    {"CPU Allocation Time", "Processor time", "Seconds", "", "", "Serverless", 240000, kSavings, 900, 8, 2.0},
    {"Requests", "Requests within the free tier", "Requests", "", "", "Serverless", 0, kWhole, 900, 40, 2.0},
    // 68: Fjord warehouse, priced in credits
    {"Warehouse Compute", "Warehouse compute", "Hours", "", "", "Compute", kCreditList, kMicro, 1000, 0.06, 0.8, kOneCredit},
    {"Cloud Services", "Cloud services", "Hours", "", "", "Compute", kCreditList / 4, kMicro, 1000, 0.04, 0.8, kOneCredit / 4},
    // 70: Fjord database: clustering is priced in credits, storage in money
    {"Automatic Clustering", "Automatic clustering", "Hours", "", "", "Serverless", kCreditList / 2, kMicro, 1000, 0.02, 0.8, kOneCredit / 2},
    {"Storage", "Data stored", "GB-Months", "", "", "Storage", 230000000, kSteady, 1000, 0.3, 0.8},
};

constexpr Template kFjordTemplates[] = {
    {"fjord-cloud", "Warehouse", "fjord://{a}/warehouses/{n}-{h}", 1, 68, 2, false},
    {"fjord-cloud", "Database", "fjord://{a}/databases/{n}-{h}", 1, 70, 2, false},
};
constexpr Template kAwsTemplates[] = {
    {"AmazonEC2", "Instance", "i-{h}", 115, 0, 6, false},
    {"AmazonEBS", "Volume", "arn:aws:ec2:{r}:{a}:volume/vol-{h}", 190, 6, 3, false},
    {"AmazonS3", "Bucket", "{n}-{h}", 170, 9, 5, false},
    {"AmazonRDS", "Database", "arn:aws:rds:{r}:{a}:db:{n}-{h}", 24, 14, 4, false},
    {"AWSLambda", "Function", "arn:aws:lambda:{r}:{a}:function:{n}-{h}", 190, 18, 3, false},
    {"AmazonCloudWatch", "Log group", "arn:aws:logs:{r}:{a}:log-group:/aws/{n}-{h}", 220, 21, 4, false},
    {"AmazonDynamoDB", "Table", "arn:aws:dynamodb:{r}:{a}:table/{n}-{h}", 120, 25, 4, false},
    {"AWSELB", "Load balancer", "arn:aws:elasticloadbalancing:{r}:{a}:loadbalancer/app/{n}/{h}", 25, 29, 3, false},
    {"awskms", "Key", "arn:aws:kms:{r}:{a}:key/{h}", 60, 32, 2, false},
    {"AWSQueueService", "Queue", "arn:aws:sqs:{r}:{a}:{n}-{h}", 110, 34, 2, false},
    {"AmazonVPC", "NAT gateway", "arn:aws:ec2:{r}:{a}:natgateway/nat-{h}", 12, 36, 2, false},
    {"AmazonCloudFront", "Distribution", "arn:aws:cloudfront::{a}:distribution/{h}", 12, 38, 2, false},
    {"AmazonBedrock", "Model", "arn:aws:bedrock:{r}:{a}:inference-profile/{h}", 45, 40, 3, false},
    {"AmazonEC2", "Container host", "i-{h}", 24, 43, 3, true},
    {"AmazonEC2", "Auto Scaling group", "arn:aws:autoscaling:{r}:{a}:autoScalingGroup:{h}:autoScalingGroupName/{n}", 0, 0, 2, false},
};
constexpr Template kAzureTemplates[] = {
    {"Microsoft.Compute", "Virtual machine", "/subscriptions/{a}/resourceGroups/rg-{n}/providers/Microsoft.Compute/virtualMachines/vm-{h}", 35, 46, 3, false},
    {"Microsoft.Storage", "Storage account", "/subscriptions/{a}/resourceGroups/rg-{n}/providers/Microsoft.Storage/storageAccounts/st{h}", 60, 49, 3, false},
    {"Microsoft.Sql", "SQL database", "/subscriptions/{a}/resourceGroups/rg-{n}/providers/Microsoft.Sql/servers/sql-{n}/databases/{h}", 10, 52, 2, false},
    {"Microsoft.Web", "Function app", "/subscriptions/{a}/resourceGroups/rg-{n}/providers/Microsoft.Web/sites/fn-{h}", 70, 54, 2, false},
    {"Microsoft.CognitiveServices", "Deployment", "/subscriptions/{a}/resourceGroups/rg-{n}/providers/Microsoft.CognitiveServices/accounts/oai-{h}", 20, 56, 2, false},
    {"Microsoft.Compute", "Virtual machine scale set", "/subscriptions/{a}/resourceGroups/rg-{n}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-{h}", 0, 46, 2, false},
};
constexpr Template kGcpTemplates[] = {
    {"6F81-5844-456A", "Instance", "//compute.googleapis.com/projects/{a}/zones/{r}-a/instances/{h}", 35, 58, 3, false},
    {"95FF-2EF5-5EA1", "Bucket", "//storage.googleapis.com/{n}-{h}", 60, 61, 2, false},
    {"24E6-581D-38E5", "Dataset", "//bigquery.googleapis.com/projects/{a}/datasets/{n}_{h}", 25, 63, 3, false},
    {"152E-C115-5142", "Service", "//run.googleapis.com/projects/{a}/locations/{r}/services/{n}-{h}", 70, 66, 2, false},
    {"6F81-5844-456A", "Managed instance group", "//compute.googleapis.com/projects/{a}/regions/{r}/instanceGroupManagers/{n}-{h}", 0, 58, 2, false},
};
// clang-format on

}  // namespace

const ProviderInfo& info(Provider provider) {
  return kProviderInfo[static_cast<std::size_t>(provider)];
}
std::span<const Service> services() { return kServices; }
int service_index(std::string_view code) {
  int i = 0;
  while (i < static_cast<int>(std::size(kServices)) && kServices[i].code != code) ++i;
  SY_ASSERT(i < static_cast<int>(std::size(kServices)));
  return i;
}
std::span<const Region> regions() { return kRegions; }
std::span<const InstanceType> instance_types() { return kTypes; }
int successor_of(int type) {
  const std::string_view name = kTypes[type].successor;
  if (name.empty()) return -1;
  int i = 0;
  while (i < static_cast<int>(std::size(kTypes)) && kTypes[i].name != name) ++i;
  SY_ASSERT(i < static_cast<int>(std::size(kTypes)));
  return i;
}
std::span<const Meter> meters() { return kMeters; }
std::span<const Template> templates(Provider provider) {
  if (provider == Provider::kAzure) return kAzureTemplates;
  if (provider == Provider::kGcp) return kGcpTemplates;
  if (provider == Provider::kFjord) return kFjordTemplates;
  return kAwsTemplates;
}

}  // namespace steelyard::samples
