"""moto, with two answers restored that it gets wrong and the audit depends on.

Usage: moto_server.py. It listens on a free port of loopback, and prints its address
as the only line of its output. Both patches are to moto's S3:

* GetBucketReplication returns what was put: moto 5.2.1 answers
  DeleteMarkerReplication=Disabled and an empty prefix whatever was stored, and
  drops SourceSelectionCriteria.
* GetBucketRequestPayment answers BucketOwner, as AWS does for every bucket:
  moto answers with an object listing.
"""
import os

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.responses import S3Response
from werkzeug.serving import make_server

stored = {}
bucket_get, bucket_put = S3Response._bucket_response_get, S3Response._bucket_response_put
XML = {"Content-Type": "application/xml"}
PAYER = ('<?xml version="1.0" encoding="UTF-8"?>'
         '<RequestPaymentConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Payer>BucketOwner</Payer></RequestPaymentConfiguration>')


def get(self, bucket_name, querystring):
    if "requestPayment" in querystring:
        self.backend.get_bucket(bucket_name)  # 404 where there is none
        return 200, XML, PAYER
    answer = bucket_get(self, bucket_name, querystring)
    if "replication" in querystring and bucket_name in stored:
        return 200, XML, stored[bucket_name]
    return answer


def put(self, request, bucket_name, querystring):
    answer = bucket_put(self, request, bucket_name, querystring)
    if "replication" in querystring:
        stored[bucket_name] = self.body
    return answer


if __name__ == "__main__":
    S3Response._bucket_response_get, S3Response._bucket_response_put = get, put
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    os.environ["MOTO_PORT"] = str(server.port)
    print(f"http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()
