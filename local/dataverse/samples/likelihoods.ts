import type { Table } from '../schema/table.ts';

type Likelihoods = { always: readonly string[]; often: Record<string, number> };

const address = {
  address1_line1: 0.75,
  address1_city: 0.85,
  address1_stateorprovince: 0.5,
  address1_postalcode: 0.8,
  address1_country: 0.8,
  address1_composite: 0.8,
  address1_addressid: 1,
  address2_addressid: 1,
  address3_addressid: 1,
};
const reach = { emailaddress1: 0.8, telephone1: 0.8, websiteurl: 0.35, description: 0.25 };
const activity = {
  regardingobjectid: 0.85,
  scheduledend: 0.7,
  actualend: 0.3,
  description: 0.6,
  prioritycode: 1,
};

/** How often a form is filled in: what every row of a table has, and how likely the columns are that many rows have. */
const byTable: Record<string, Likelihoods> = {
  account: {
    always: ['name'],
    often: {
      ...address,
      ...reach,
      accountnumber: 0.5,
      industrycode: 0.5,
      primarycontactid: 0.7,
      parentaccountid: 0.15,
      revenue: 0.3,
      numberofemployees: 0.3,
      customertypecode: 0.4,
      fax: 0.1,
      creditlimit: 0.1,
      ownershipcode: 0.2,
    },
  },
  contact: {
    always: ['lastname', 'fullname'],
    often: {
      ...address,
      ...reach,
      firstname: 0.97,
      parentcustomerid: 0.85,
      jobtitle: 0.6,
      mobilephone: 0.45,
      birthdate: 0.2,
      gendercode: 0.3,
      department: 0.3,
      salutation: 0.4,
      cra05_favouritedaysofweek: 0.05,
    },
  },
  lead: {
    always: ['lastname', 'fullname', 'subject'],
    often: {
      ...address,
      ...reach,
      firstname: 0.95,
      companyname: 0.9,
      leadsourcecode: 0.7,
      jobtitle: 0.4,
      mobilephone: 0.3,
      estimatedamount: 0.3,
      estimatedclosedate: 0.3,
      parentaccountid: 0.2,
      industrycode: 0.3,
      budgetamount: 0.1,
    },
  },
  opportunity: {
    always: ['name', 'customerid'],
    often: {
      estimatedvalue: 0.9,
      estimatedclosedate: 0.85,
      parentaccountid: 0.8,
      parentcontactid: 0.6,
      closeprobability: 0.6,
      description: 0.4,
      originatingleadid: 0.2,
      totalamount: 0.7,
      salesstage: 0.8,
      new_sellingregions: 0.15,
      stepname: 0.6,
    },
  },
  incident: {
    always: ['title', 'ticketnumber', 'customerid'],
    often: {
      description: 0.7,
      caseorigincode: 0.9,
      casetypecode: 0.7,
      primarycontactid: 0.6,
      responseby: 0.3,
    },
  },
  task: {
    always: ['subject', 'activitytypecode'],
    often: { ...activity, percentcomplete: 0.4, category: 0.1 },
  },
  email: {
    always: ['subject', 'activitytypecode'],
    often: {
      ...activity,
      sender: 0.9,
      torecipients: 0.9,
      messageid: 0.8,
      senton: 0.7,
      emailsender: 0.8,
      mimetype: 0.3,
    },
  },
  activityparty: {
    always: ['activityid', 'partyid', 'participationtypemask'],
    often: { addressused: 0.7 },
  },
  annotation: {
    always: ['objectid', 'isdocument'],
    often: { subject: 0.7, notetext: 0.9, filename: 0.2, mimetype: 0.2, documentbody: 0.2, filesize: 0.2 },
  },
  systemuser: {
    always: [
      'domainname',
      'firstname',
      'lastname',
      'fullname',
      'internalemailaddress',
      'businessunitid',
      'azureactivedirectoryobjectid',
    ],
    often: { title: 0.5, jobtitle: 0.4, mobilephone: 0.3, parentsystemuserid: 0.4 },
  },
  team: { always: ['name', 'businessunitid', 'administratorid'], often: { description: 0.4 } },
  businessunit: { always: ['name', 'parentbusinessunitid'], often: { divisionname: 0.5, emailaddress: 0.5 } },
  accountleads: { always: ['accountid', 'leadid'], often: {} },
  systemuserroles: { always: ['systemuserid', 'roleid'], often: {} },
  teammembership: { always: ['systemuserid', 'teamid'], often: {} },
  teamroles: { always: ['teamid', 'roleid'], often: {} },
  userquery: { always: ['name', 'fetchxml', 'returnedtypecode'], often: { layoutxml: 0.9 } },
};

export function likelihoods(table: Table): Likelihoods {
  return byTable[table.name] ?? { always: [], often: {} };
}
